//! Where programs lie. One slot runs, the other takes what arrives; they change places when what arrived is a module.

use core::sync::atomic::{AtomicBool, Ordering};

use mog_core::{LoadError, Module};

use crate::SLOT_WORDS;

/// A slot's flash.
pub type Flash = [u32; SLOT_WORDS];

/// Two slots.
pub struct Slots<'f> {
    active: &'f mut Flash,
    spare: &'f mut Flash,
}

/// The memory map puts them where programs are.
#[unsafe(link_section = ".slots")]
static mut FLASH: [Flash; 2] = [[0; SLOT_WORDS]; 2];
static TAKEN: AtomicBool = AtomicBool::new(false);

impl Slots<'_> {
    /// The two slots of this board's flash; none if they were taken before.
    pub fn take() -> Option<Self> {
        if TAKEN.load(Ordering::Relaxed) {
            return None;
        }
        TAKEN.store(true, Ordering::Relaxed);
        // SAFETY: nothing else names them, and this is reached once: there is one core, and no interrupt comes here.
        let [active, spare] = unsafe { (&raw mut FLASH).as_mut_unchecked() };
        Some(Self { active, spare })
    }

    /// The words of the module that runs, and the flash that takes the next one.
    pub fn split(&mut self) -> (&[u32], &mut Flash) {
        (words(self.active), self.spare)
    }

    /// Runs the other module from now on.
    pub const fn switch(&mut self) {
        core::mem::swap(&mut self.active, &mut self.spare);
    }
}

/// The words of the image in a slot: the first says how many.
fn words(flash: &Flash) -> &[u32] {
    let (len, rest) = flash.split_first().map_or((0, &[][..]), |(len, rest)| (*len as usize, rest));
    rest.get(..len).unwrap_or_default()
}

/// Writes an image as it came, from so many bytes behind where it should be, and verifies it where it then lies. Only
/// a module has its length noted, without which the slot holds nothing.
///
/// # Errors
/// Why it is no module that this firmware runs.
pub fn receive(flash: &mut Flash, image: &[u8], offset: usize) -> Result<(), LoadError> {
    // Stands for the flash controller, which writes words.
    let (len, place) = flash.split_first_mut().ok_or(LoadError::Truncated)?;
    *len = 0;
    for (at, &byte) in (offset..).zip(image) {
        let word = place.get_mut(at / 4).ok_or(LoadError::Truncated)?;
        let mut bytes = word.to_le_bytes();
        if let Some(into) = bytes.get_mut(at % 4) {
            *into = byte;
        }
        *word = u32::from_le_bytes(bytes);
    }
    let end = offset + image.len();
    let written: &[u8] = bytemuck::cast_slice(place);
    Module::load(written.get(offset..end).ok_or(LoadError::Truncated)?)?;
    *len = (image.len() / 4) as u32;
    Ok(())
}
