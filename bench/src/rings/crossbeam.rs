//! The crates `crossbeam-channel` and `crossbeam-queue`: any number of senders and receivers.

use std::io;
use std::sync::Arc;

use crossbeam_channel::bounded;
use crossbeam_queue::ArrayQueue;

use super::ends::{CAPACITY, Receiver, Ring, Sender};
use super::message::Message;

pub(super) struct Channel;

impl<const W: usize> Ring<W> for Channel {
    type Sender = crossbeam_channel::Sender<Message<W>>;
    type Receiver = crossbeam_channel::Receiver<Message<W>>;

    fn ring() -> io::Result<(Self::Sender, Self::Receiver)> {
        Ok(bounded(CAPACITY))
    }
}

impl<const W: usize> Sender<W> for crossbeam_channel::Sender<Message<W>> {
    #[inline(always)]
    fn try_send(&mut self, message: &Message<W>) -> bool {
        crossbeam_channel::Sender::try_send(self, *message).is_ok()
    }
}

impl<const W: usize> Receiver<W> for crossbeam_channel::Receiver<Message<W>> {
    #[inline(always)]
    fn try_receive(&mut self, mut take: impl FnMut(&[u64; W])) -> bool {
        self.try_recv().map(|message| take(&message.0)).is_ok()
    }
}

pub(super) struct Queue;

impl<const W: usize> Ring<W> for Queue {
    type Sender = Arc<ArrayQueue<Message<W>>>;
    type Receiver = Arc<ArrayQueue<Message<W>>>;

    fn ring() -> io::Result<(Self::Sender, Self::Receiver)> {
        let queue = Arc::new(ArrayQueue::new(CAPACITY));
        Ok((Arc::clone(&queue), queue))
    }
}

impl<const W: usize> Sender<W> for Arc<ArrayQueue<Message<W>>> {
    #[inline(always)]
    fn try_send(&mut self, message: &Message<W>) -> bool {
        self.push(*message).is_ok()
    }
}

impl<const W: usize> Receiver<W> for Arc<ArrayQueue<Message<W>>> {
    #[inline(always)]
    fn try_receive(&mut self, mut take: impl FnMut(&[u64; W])) -> bool {
        self.pop().map(|message| take(&message.0)).is_some()
    }
}
