//! The crate `rtrb`.

use std::io;

use rtrb::{Consumer, Producer, RingBuffer};

use super::ends::{BATCH, BatchReceiver, BatchSender, CAPACITY, Patience, Receiver, Ring, Sender};
use super::message::{Message, SHORT};

pub(super) struct Rtrb;

impl<const W: usize> Ring<W> for Rtrb {
    type Sender = Producer<Message<W>>;
    type Receiver = Consumer<Message<W>>;

    fn ring() -> io::Result<(Self::Sender, Self::Receiver)> {
        Ok(RingBuffer::new(CAPACITY))
    }
}

impl<const W: usize> Sender<W> for Producer<Message<W>> {
    #[inline(always)]
    fn try_send(&mut self, message: &Message<W>) -> bool {
        self.push(*message).is_ok()
    }
}

impl<const W: usize> Receiver<W> for Consumer<Message<W>> {
    #[inline(always)]
    fn try_receive(&mut self, mut take: impl FnMut(&[u64; W])) -> bool {
        self.pop().map(|message| take(&message.0)).is_ok()
    }
}

impl BatchSender for Producer<Message<SHORT>> {
    #[inline(always)]
    fn send_batch(&mut self, first: u64, patience: Patience) {
        patience.until(|| {
            let Ok(chunk) = self.write_chunk_uninit(BATCH) else { return false };
            chunk.fill_from_iter((first..).map(Message::nth));
            true
        });
    }
}

impl BatchReceiver for Consumer<Message<SHORT>> {
    #[inline(always)]
    fn try_receive_batch(&mut self, mut take: impl FnMut(&[u64; SHORT])) -> usize {
        let count = self.slots().min(BATCH);
        let Ok(chunk) = self.read_chunk(count) else { return 0 };
        let (first, rest) = chunk.as_slices();
        first.iter().chain(rest).for_each(|message| take(&message.0));
        chunk.commit_all();
        count
    }
}
