//! Where the hot thread is, for whoever measures it.

/// Told how far the hot thread is with the commands that it took from the ring. It runs on that thread, between its steps, and
/// must take no time that matters. What the primary sequences by itself meanwhile is not announced. `()` costs nothing.
pub trait Probe: Send {
    /// So many commands were taken at once.
    #[inline(always)]
    fn taken(&mut self, commands: usize) {
        let _ = commands;
    }

    /// All of them lie in the journal.
    #[inline(always)]
    fn appended(&mut self) {}

    /// All of them are executed. The last events are published next, earlier ones were already.
    #[inline(always)]
    fn applied(&mut self) {}
}

impl Probe for () {}
