//! The control file: the epoch, and the newest segment. 64 bytes, replaced as a whole.
//!
//! It says what the segments cannot: that a segment at the end is missing, and which epochs were begun in which nothing
//! was written. If it is lost, the next opening for writing makes it anew from the segments.

use bytemuck::{Pod, Zeroable};

use super::FORMAT_VERSION;
use crate::checksum::crc32c;

/// What the control file begins with.
pub const CONTROL_MAGIC: [u8; 8] = *b"novatect";

/// The control file.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Control {
    /// [`CONTROL_MAGIC`].
    pub magic: [u8; 8],
    /// CRC32C of the bytes from 12 on.
    pub checksum: u32,
    /// [`FORMAT_VERSION`].
    pub format: u32,
    /// The last incarnation that opened the journal for writing, from 1.
    pub epoch: u32,
    /// The newest segment that has its name; 0 before the first.
    pub newest_segment: u32,
    /// The genesis hash; zero before there is one.
    pub genesis_hash: [u8; 32],
    /// The oldest segment that is kept: later than 1 once a journal was pruned.
    pub oldest_segment: u32,
    /// Zero.
    pub reserved: u32,
}

const _: () = assert!(size_of::<Control>() == 64);

/// Why bytes are no control file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoControl {
    /// Not what was written.
    Damaged,
    /// Intact, and of another format.
    Format(u32),
}

impl Control {
    /// With its sum.
    pub(crate) fn new(epoch: u32, oldest_segment: u32, newest_segment: u32, genesis_hash: [u8; 32]) -> Self {
        let mut control = Self {
            magic: CONTROL_MAGIC,
            format: FORMAT_VERSION,
            epoch,
            newest_segment,
            genesis_hash,
            oldest_segment,
            ..Self::zeroed()
        };
        control.checksum = control.sum();
        control
    }

    fn sum(&self) -> u32 {
        crc32c(&bytemuck::bytes_of(self)[12..])
    }

    /// Reads the file's bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, NoControl> {
        let control: Self = bytemuck::try_pod_read_unaligned(bytes).map_err(|_| NoControl::Damaged)?;
        if control.checksum != control.sum() || control.magic != CONTROL_MAGIC {
            return Err(NoControl::Damaged);
        }
        if control.format != FORMAT_VERSION {
            return Err(NoControl::Format(control.format));
        }
        // Whoever writes the file is the first incarnation, or a later one.
        if control.reserved != 0 || control.epoch == 0 { Err(NoControl::Damaged) } else { Ok(control) }
    }
}
