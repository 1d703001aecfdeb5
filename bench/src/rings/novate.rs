//! Novate's rings.

use std::io;

use novate_core::ring::{Consumer, LINE_WORDS, Popped, RecordBuffer, broadcast, mpsc, spsc};

use super::ends::{BATCH, BatchReceiver, BatchSender, CAPACITY, Patience, Receiver, Ring, Sender};
use super::message::{Message, SHORT};

/// Lines in which so many messages of `W` words fit as everybody has room for.
const fn lines<const W: usize>() -> usize {
    CAPACITY * W.div_ceil(LINE_WORDS)
}

/// Takes the words of a message as an array. A message that is missing makes the hash wrong.
#[inline(always)]
fn take_whole<const W: usize>(words: &[u64], mut take: impl FnMut(&[u64; W])) {
    if let Ok(words) = words.try_into() {
        take(words);
    }
}

/// One writer.
pub(super) struct Spsc;

impl<const W: usize> Ring<W> for Spsc {
    type Sender = spsc::Producer;
    type Receiver = Reader;

    fn ring() -> io::Result<(spsc::Producer, Reader)> {
        let (producer, consumer) = spsc::ring(lines::<W>()).map_err(io::Error::other)?;
        Ok((producer, Reader::new(consumer)))
    }
}

impl<const W: usize> Sender<W> for spsc::Producer {
    #[inline(always)]
    fn try_send(&mut self, message: &Message<W>) -> bool {
        self.try_push(&message.0).is_ok()
    }
}

impl BatchSender for spsc::Producer {
    #[inline(always)]
    fn send_batch(&mut self, first: u64, patience: Patience) {
        let records = (first..first + BATCH as u64).map(|number| Message::<SHORT>::nth(number).0);
        patience.until(|| self.try_push_all(&records).is_ok());
    }
}

/// Any number of writers.
pub(super) struct Mpsc;

/// One writer, and one beside it that writes nothing. A ring's only writer claims lines without a compare-and-swap; in a
/// primary there are always several, one for each gateway and session.
#[derive(Clone)]
pub(super) struct OneOfSeveral {
    writer: mpsc::Producer,
    #[expect(dead_code, reason = "it is only there")]
    idle: mpsc::Producer,
}

impl<const W: usize> Ring<W> for Mpsc {
    type Sender = OneOfSeveral;
    type Receiver = Reader;

    fn ring() -> io::Result<(OneOfSeveral, Reader)> {
        let (writer, consumer) = mpsc::ring(lines::<W>()).map_err(io::Error::other)?;
        Ok((OneOfSeveral { idle: writer.clone(), writer }, Reader::new(consumer)))
    }
}

impl<const W: usize> Sender<W> for OneOfSeveral {
    #[inline(always)]
    fn try_send(&mut self, message: &Message<W>) -> bool {
        self.writer.try_push(&message.0).is_ok()
    }
}

/// The reader of either.
pub(super) struct Reader {
    consumer: Consumer,
    buffer: RecordBuffer,
}

impl Reader {
    fn new(consumer: Consumer) -> Self {
        Self { consumer, buffer: RecordBuffer::new() }
    }
}

impl<const W: usize> Receiver<W> for Reader {
    #[inline(always)]
    fn try_receive(&mut self, take: impl FnMut(&[u64; W])) -> bool {
        let Popped::Record(words) = self.consumer.try_pop(&mut self.buffer) else { return false };
        take_whole(words, take);
        true
    }
}

impl BatchReceiver for Reader {
    #[inline(always)]
    fn try_receive_batch(&mut self, mut take: impl FnMut(&[u64; SHORT])) -> usize {
        self.consumer.drain(BATCH, &mut self.buffer, |words| take_whole(words, &mut take))
    }
}

/// One writer, and here one reader, which gates.
pub(super) struct Broadcast;

impl<const W: usize> Ring<W> for Broadcast {
    type Sender = broadcast::Producer;
    type Receiver = Gate;

    fn ring() -> io::Result<(broadcast::Producer, Gate)> {
        let (producer, subscriber) = broadcast::ring(lines::<W>(), 1).map_err(io::Error::other)?;
        let consumer = subscriber.gate().ok_or_else(|| io::Error::other("the new ring has no place for a reader"))?;
        Ok((producer, Gate { consumer, buffer: RecordBuffer::new() }))
    }
}

impl<const W: usize> Sender<W> for broadcast::Producer {
    #[inline(always)]
    fn try_send(&mut self, message: &Message<W>) -> bool {
        self.try_push(&message.0).is_ok()
    }
}

/// A reader that holds the writer back.
pub(super) struct Gate {
    consumer: broadcast::Consumer,
    buffer: RecordBuffer,
}

impl<const W: usize> Receiver<W> for Gate {
    #[inline(always)]
    fn try_receive(&mut self, take: impl FnMut(&[u64; W])) -> bool {
        let Ok(Popped::Record(words)) = self.consumer.try_pop(&mut self.buffer) else { return false };
        take_whole(words, take);
        true
    }
}
