//! What the firmware tells of: as text on the console, or, with the feature `defmt`, in defmt's frames. Those hold numbers
//! where a text would be; the text stays in the ELF file, and `defmt-print` puts it back.

use core::fmt;

#[cfg(feature = "defmt")]
use defmt_semihosting as _; // takes the frames
use mog_core::{Outcome, StartError};
use mog_signature::Refused;

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'e> {
    /// A program of so many bytes, with its signature, begins.
    Running(usize),
    /// The program in the active slot does not begin.
    NotStarted(Failed),
    /// The program was stopped in the middle for the first time.
    OverBudget,
    /// The program came to its end.
    Ended(Outcome),
    /// An image arrived that is good.
    Verified(&'e str),
    /// An image arrived that is not.
    Refused(&'e str, Refused),
    /// The program wrote a line.
    Said(&'e str),
}

/// Why the program in a slot does not run.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Failed {
    /// Nobody signed it.
    Refused(Refused),
    /// It does not start.
    Start(StartError),
}

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<StartError> for Failed {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running(bytes) => write!(f, "running {bytes} bytes in flash"),
            Self::NotStarted(error) => write!(f, "not started: {error:?}"),
            Self::OverBudget => {
                f.write_str("it takes more steps than a tick has, and goes on in the next one")
            }
            Self::Ended(outcome) => write!(f, "the program ended: {outcome:?}"),
            Self::Verified(name) => write!(f, "{name}: verified"),
            Self::Refused(name, error) => write!(f, "{name}: {error}"),
            Self::Said(line) => f.write_str(line),
        }
    }
}

impl Event<'_> {
    /// Tells of it on the console.
    #[cfg(not(feature = "defmt"))]
    pub fn log(self) {
        use mog_firmware::{Console, Terminal};

        Terminal::open().remark(format_args!("{self}"));
    }

    /// Tells of it in a frame.
    #[cfg(feature = "defmt")]
    pub fn log(self) {
        match self {
            Self::Running(bytes) => defmt::info!("running {=usize} bytes in flash", bytes),
            Self::NotStarted(error) => defmt::error!("not started: {}", error),
            Self::OverBudget => {
                defmt::warn!("it takes more steps than a tick has, and goes on in the next one")
            }
            Self::Ended(outcome) => defmt::error!("the program ended: {}", outcome),
            Self::Verified(name) => defmt::info!("{=str}: verified", name),
            Self::Refused(name, error) => defmt::warn!("{=str}: {}", name, error),
            Self::Said(line) => defmt::info!("{=str}", line),
        }
    }
}
