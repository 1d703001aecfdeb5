//! The crate `ringbuf`: its ring on the heap, whose two ends remember what they know of each other.

use std::io;

use ringbuf::traits::{Consumer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use super::ends::{BATCH, BatchReceiver, BatchSender, CAPACITY, Patience, Receiver, Ring, Sender};
use super::message::{Message, SHORT};

pub(super) struct Ringbuf;

impl<const W: usize> Ring<W> for Ringbuf {
    type Sender = HeapProd<Message<W>>;
    type Receiver = HeapCons<Message<W>>;

    fn ring() -> io::Result<(Self::Sender, Self::Receiver)> {
        Ok(HeapRb::new(CAPACITY).split())
    }
}

impl<const W: usize> Sender<W> for HeapProd<Message<W>> {
    #[inline(always)]
    fn try_send(&mut self, message: &Message<W>) -> bool {
        self.try_push(*message).is_ok()
    }
}

impl<const W: usize> Receiver<W> for HeapCons<Message<W>> {
    #[inline(always)]
    fn try_receive(&mut self, mut take: impl FnMut(&[u64; W])) -> bool {
        self.try_pop().map(|message| take(&message.0)).is_some()
    }
}

impl BatchSender for HeapProd<Message<SHORT>> {
    #[inline(always)]
    fn send_batch(&mut self, first: u64, patience: Patience) {
        let mut batch = first..first + BATCH as u64;
        // What there is room for is made in the ring and published at once.
        patience.until(|| {
            self.push_iter(batch.by_ref().map(Message::nth));
            batch.is_empty()
        });
    }
}

impl BatchReceiver for HeapCons<Message<SHORT>> {
    #[inline(always)]
    fn try_receive_batch(&mut self, mut take: impl FnMut(&[u64; SHORT])) -> usize {
        // Read in the ring and given back at once; its `pop_iter` gives back every message by itself.
        let mut count = 0;
        for message in self.iter().take(BATCH) {
            take(&message.0);
            count += 1;
        }
        self.skip(count)
    }
}
