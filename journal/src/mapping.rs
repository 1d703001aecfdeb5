//! Anonymous memory on huge pages, for an engine's arena.
//!
//! A large book touches memory at random, and with pages of 4 KiB most of these touches miss the processor's address
//! translation too. With pages of 2 MiB they do not. The kernel is asked for them, not told: where it has none the
//! memory is there all the same, only slower, and [`AnonymousMapping::huge_page_bytes`] says how it turned out.

use std::io;

use memmap2::MmapMut;

/// Bytes of a huge page, to which the mapping is aligned.
pub const HUGE_PAGE_SIZE: usize = 2 << 20;

/// Zeroed memory of this process alone, unmapped when dropped.
#[derive(Debug)]
pub struct AnonymousMapping {
    map: MmapMut,
    /// Where the first huge page begins: the mapping is larger than asked for by up to one.
    offset: usize,
    bytes: usize,
}

impl AnonymousMapping {
    /// Maps at least `bytes` bytes, aligned to [`HUGE_PAGE_SIZE`], and asks for huge pages. Nothing is touched yet: the
    /// kernel finds the pages when they are first written.
    ///
    /// ```
    /// use novate_journal::mapping::AnonymousMapping;
    ///
    /// let mut memory = AnonymousMapping::new(5_000_000)?;
    /// memory.as_bytes_mut()[4_999_999] = 1;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The kernel's, if it has no room.
    pub fn new(bytes: usize) -> io::Result<Self> {
        let mapped = bytes
            .checked_next_multiple_of(HUGE_PAGE_SIZE)
            .and_then(|rounded| rounded.checked_add(HUGE_PAGE_SIZE))
            .ok_or_else(|| io::Error::new(io::ErrorKind::OutOfMemory, format!("{bytes} bytes cannot be mapped")))?;
        let map = MmapMut::map_anon(mapped)?;
        let offset = map.as_ptr().addr().next_multiple_of(HUGE_PAGE_SIZE) - map.as_ptr().addr();
        // A refusal costs speed, not correctness; `huge_page_bytes` tells of it.
        let _ = map.advise(memmap2::Advice::HugePage);
        Ok(Self { map, offset, bytes })
    }

    /// The memory, `bytes` long.
    pub fn as_bytes(&self) -> &[u8] {
        &self.map[self.offset..self.offset + self.bytes]
    }

    /// The memory, `bytes` long.
    pub fn as_bytes_mut(&mut self) -> &mut [u8] {
        &mut self.map[self.offset..self.offset + self.bytes]
    }

    /// How many bytes of this memory lie on huge pages now, as far as the system tells; meaningful once the memory was
    /// written. Zero where there are none, or where the system does not tell.
    pub fn huge_page_bytes(&self) -> usize {
        let address = self.as_bytes().as_ptr().addr();
        let area = std::fs::read_to_string("/proc/self/smaps").unwrap_or_default();
        huge_page_bytes_at(&area, address).min(self.bytes)
    }
}

/// Reads from the text of `smaps` the bytes on huge pages of the area that contains `address`.
fn huge_page_bytes_at(smaps: &str, address: usize) -> usize {
    let mut is_in_area = false;
    for line in smaps.lines() {
        if let Some((start, end)) = area_of(line) {
            is_in_area = (start..end).contains(&address);
        } else if is_in_area && let Some(rest) = line.strip_prefix("AnonHugePages:") {
            let kibibytes: usize = rest.trim().trim_end_matches(" kB").parse().unwrap_or(0);
            return kibibytes << 10;
        }
    }
    0
}

/// The addresses in an area's first line: `7f12a000-7f12b000 rw-p ...`.
fn area_of(line: &str) -> Option<(usize, usize)> {
    let (start, end) = line.split_whitespace().next()?.split_once('-')?;
    Some((usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_zeroed_aligned_and_of_the_size() {
        for bytes in [0, 1, 4_096, HUGE_PAGE_SIZE, 3 * HUGE_PAGE_SIZE + 5] {
            let mut memory = AnonymousMapping::new(bytes).expect("a few megabytes are there");
            assert_eq!(memory.as_bytes().len(), bytes);
            assert_eq!(memory.as_bytes().as_ptr().addr() % HUGE_PAGE_SIZE, 0);
            assert!(memory.as_bytes().iter().all(|&byte| byte == 0));
            memory.as_bytes_mut().fill(1);
            assert!(memory.huge_page_bytes() <= bytes);
        }
    }

    #[test]
    fn a_size_that_no_machine_has_is_an_error() {
        assert!(AnonymousMapping::new(usize::MAX).is_err());
        assert!(AnonymousMapping::new(usize::MAX / 4).is_err());
    }

    #[test]
    fn smaps_are_read_for_the_area_asked_for() {
        let smaps = "1000-2000 rw-p 00000000 00:00 0 \nRss: 4 kB\nAnonHugePages:         0 kB\n\
                     200000-600000 rw-p 00000000 00:00 0 \nRss: 4096 kB\nAnonHugePages:      4096 kB\nVmFlags: rd wr\n";
        assert_eq!(huge_page_bytes_at(smaps, 0x1800), 0);
        assert_eq!(huge_page_bytes_at(smaps, 0x40_0000), 4 << 20);
        assert_eq!(huge_page_bytes_at(smaps, 0x60_0000), 0);
        assert_eq!(huge_page_bytes_at("", 0x1800), 0);
    }
}
