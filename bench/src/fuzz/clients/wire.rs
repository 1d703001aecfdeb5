//! What clients and the primary's process say to each other through pipes: messages of 64-bit words, each behind one that
//! has its kind and length.
//!
//! ```text
//! 0        4        8
//! +--------+--------+---------+----
//! | length | kind   | word 0  | ...     length: words behind the first, little-endian
//! +--------+--------+---------+----
//! ```

use std::io::{self, Read};

/// Words of a message, at most.
const WORDS_MAX: usize = 1 << 16;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Kind {
    /// To the primary: which client has which session, and the last number before what it sends.
    Attach = 1,
    /// To the primary: a client, and the record that it sends.
    Submit = 2,
    /// To the primary: a client whose session is to send again from a number on.
    Resend = 3,
    /// From the primary: it takes commands now. The last command that it has found or made; where it has made the venue, the
    /// instrument, then each client's session and account.
    Ready = 4,
    /// From the primary: the last command that is durable.
    Durable = 5,
    /// From the primary: events, whole ones.
    Events = 6,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Attach, Self::Submit, Self::Resend, Self::Ready, Self::Durable, Self::Events];
}

/// Puts a message behind others.
pub(super) fn put(to: &mut Vec<u8>, kind: Kind, first: &[u64], rest: &[u64]) {
    let length = (first.len() + rest.len()) as u64;
    to.extend_from_slice(&(u64::from(kind as u32) << 32 | length).to_le_bytes());
    to.extend_from_slice(bytemuck::cast_slice(first));
    to.extend_from_slice(bytemuck::cast_slice(rest));
}

/// Reads the next message; none where there is no whole one any more.
///
/// # Errors
/// The pipe cannot be read, or what comes out of it is no message.
pub(super) fn read(from: &mut impl Read) -> io::Result<Option<(Kind, Vec<u64>)>> {
    let mut head = [0; 8];
    if !fill(from, &mut head)? {
        return Ok(None);
    }
    let head = u64::from_le_bytes(head);
    let kind = Kind::ALL.into_iter().find(|&kind| kind as u64 == head >> 32);
    let length = (head & u64::from(u32::MAX)) as usize;
    let kind = kind.filter(|_| length <= WORDS_MAX).ok_or(io::ErrorKind::InvalidData)?;
    let mut words = vec![0; length];
    Ok(fill(from, bytemuck::cast_slice_mut(&mut words))?.then_some((kind, words)))
}

/// Whether there was enough for all of it.
fn fill(from: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(bytes) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        done => done.map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_is_no_message() {
        let mut bytes = Vec::new();
        put(&mut bytes, Kind::Submit, &[1], &[2, 3]);
        put(&mut bytes, Kind::Ready, &[], &[]);
        let mut from = &bytes[..];
        assert_eq!(read(&mut from).ok().flatten(), Some((Kind::Submit, vec![1, 2, 3])));
        assert_eq!(read(&mut from).ok().flatten(), Some((Kind::Ready, Vec::new())));
        assert!(matches!(read(&mut from), Ok(None)));
        for cut in 1..32 {
            assert!(matches!(read(&mut &bytes[..cut]), Ok(None)), "{cut}");
        }
        assert!(read(&mut &[0xff; 8][..]).is_err());
    }
}
