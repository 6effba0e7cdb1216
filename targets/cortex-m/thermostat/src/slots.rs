//! Where programs lie. One slot runs, the other takes what arrives; they change places when what arrived is signed, newer,
//! and a module.

use core::sync::atomic::{AtomicBool, Ordering};

use mog_signature::{Limits, PublicKey, Refused, Signed, Trust, open};

use crate::{ARENA_WORDS, SLOT_WORDS};

/// Whose signature counts.
static KEY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/key.pub"));

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

    /// The image that runs, and the flash that takes the next one.
    pub fn split(&mut self) -> (&[u8], &mut Flash) {
        (image(self.active), self.spare)
    }

    /// Runs the other image from now on.
    pub const fn switch(&mut self) {
        core::mem::swap(&mut self.active, &mut self.spare);
    }
}

/// The image in a slot: the first word says how long it is.
fn image(flash: &Flash) -> &[u8] {
    let (len, place) = flash.split_first().map_or((0, &[][..]), |(len, place)| (*len as usize, place));
    bytemuck::cast_slice(place).get(..len).unwrap_or_default()
}

/// An image that the key's owner signed for this thermostat, of this version or a later one.
///
/// # Errors
/// Why it is not trusted.
pub fn trusted(image: &[u8], minimum_version: u32) -> Result<Signed<'_>, Refused> {
    let keys = [PublicKey::new(KEY)?];
    let limits = Limits { memory: Some(ARENA_WORDS as u64 * 8), ..Limits::default() };
    open(image, &Trust { keys: &keys, name: Some("thermostat"), minimum_version, limits })
}

/// Writes an image as it came, from so many bytes behind where it should be, and verifies it where it then lies. Only
/// what is trusted and a module has its length noted, without which the slot holds nothing.
///
/// # Errors
/// Why this firmware does not run it.
pub fn receive(flash: &mut Flash, image: &[u8], offset: usize, minimum_version: u32) -> Result<(), Refused> {
    // Stands for the flash controller, which writes words.
    let (len, place) = flash.split_first_mut().ok_or(Refused::Malformed)?;
    *len = 0;
    for (at, &byte) in (offset..).zip(image) {
        let word = place.get_mut(at / 4).ok_or(Refused::Malformed)?;
        let mut bytes = word.to_le_bytes();
        if let Some(into) = bytes.get_mut(at % 4) {
            *into = byte;
        }
        *word = u32::from_le_bytes(bytes);
    }
    let end = offset + image.len();
    let written: &[u8] = bytemuck::cast_slice(place);
    trusted(written.get(offset..end).ok_or(Refused::Malformed)?, minimum_version)?.load()?;
    *len = image.len() as u32;
    Ok(())
}
