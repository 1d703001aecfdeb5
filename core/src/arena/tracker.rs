//! Trackers: who wants to know which chunks are read and written.
//!
//! A primary that hashes nothing uses [`Untracked`], which costs nothing. Whoever computes state digests uses
//! [`Dirty`]; a referee records a [`Witness`] and re-executes under [`Guarded`].

use core::cell::Cell;

/// Told of every access to a chunk of its part of the arena.
pub trait Marks: Sized {
    /// Whether every one of `chunks` chunks has its mark.
    fn covers(&self, chunks: usize) -> bool;

    /// Splits off the marks of the first `chunks` chunks. Never called beyond what [`Marks::covers`] granted.
    fn split(self, chunks: usize) -> (Self, Self);

    /// A record in `chunk` is read.
    fn read(&self, chunk: usize);

    /// A record in `chunk` is about to be written (and may be read).
    fn write(&mut self, chunk: usize);
}

/// Notes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Untracked;

impl Marks for Untracked {
    fn covers(&self, _chunks: usize) -> bool {
        true
    }
    fn split(self, _chunks: usize) -> (Self, Self) {
        (Self, Self)
    }
    #[inline(always)]
    fn read(&self, _chunk: usize) {}
    #[inline(always)]
    fn write(&mut self, _chunk: usize) {}
}

/// Marks written chunks: one byte each, set to 1; the owner of the digest clears them.
#[derive(Debug)]
pub struct Dirty<'a>(pub &'a mut [u8]);

impl Marks for Dirty<'_> {
    fn covers(&self, chunks: usize) -> bool {
        self.0.len() >= chunks
    }
    fn split(self, chunks: usize) -> (Self, Self) {
        let (head, tail) = self.0.split_at_mut(chunks);
        (Self(head), Self(tail))
    }
    #[inline(always)]
    fn read(&self, _chunk: usize) {}
    #[inline(always)]
    fn write(&mut self, chunk: usize) {
        if let Some(mark) = self.0.get_mut(chunk) {
            *mark = 1;
        }
    }
}

/// Records what was read and what was written: one byte a chunk, set to 1.
///
/// A written chunk counts as read too, since a record rarely fills its chunk.
#[derive(Clone, Copy, Debug)]
pub struct Witness<'a> {
    /// Chunks read or written.
    pub read: &'a [Cell<u8>],
    /// Chunks written.
    pub written: &'a [Cell<u8>],
}

impl Marks for Witness<'_> {
    fn covers(&self, chunks: usize) -> bool {
        self.read.len() >= chunks && self.written.len() >= chunks
    }
    fn split(self, chunks: usize) -> (Self, Self) {
        let (read, read_tail) = self.read.split_at(chunks);
        let (written, written_tail) = self.written.split_at(chunks);
        (Self { read, written }, Self { read: read_tail, written: written_tail })
    }
    #[inline]
    fn read(&self, chunk: usize) {
        if let Some(mark) = self.read.get(chunk) {
            mark.set(1);
        }
    }
    #[inline]
    fn write(&mut self, chunk: usize) {
        self.read(chunk);
        if let Some(mark) = self.written.get(chunk) {
            mark.set(1);
        }
    }
}

/// For re-execution from a witness: counts accesses to chunks that are not there.
///
/// What is absent reads as zeros, so an execution that strays goes on, but `strayed` convicts it.
#[derive(Clone, Copy, Debug)]
pub struct Guarded<'a> {
    /// 1 for every chunk that is there.
    pub present: &'a [Cell<u8>],
    /// Accesses to absent chunks.
    pub strayed: &'a Cell<u64>,
}

impl Marks for Guarded<'_> {
    fn covers(&self, chunks: usize) -> bool {
        self.present.len() >= chunks
    }
    fn split(self, chunks: usize) -> (Self, Self) {
        let (head, tail) = self.present.split_at(chunks);
        (Self { present: head, ..self }, Self { present: tail, ..self })
    }
    #[inline]
    fn read(&self, chunk: usize) {
        if self.present.get(chunk).is_none_or(|mark| mark.get() == 0) {
            self.strayed.set(self.strayed.get().saturating_add(1));
        }
    }
    #[inline]
    fn write(&mut self, chunk: usize) {
        self.read(chunk);
    }
}
