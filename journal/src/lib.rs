//! The journal: everything that the engine is told, written first, and from which alone everything is rebuilt.
//!
//! - [`format`](mod@format): the bytes, field by field. `docs/FORMAT.md` is their description.
//! - [`writer`]: appends frames to mapped segments; flushing and making segments go on beside it.
//! - [`reader`]: reads and checks frames, finds out how a journal ends, follows one that is being written.
//! - [`verify`](mod@verify): checks all of it without executing anything. [`prune`](mod@prune): removes what a snapshot replaces.
//! - [`walk`]: what a frame must be to stand where it stands. [`chain`]: the hash chain over blocks.
//! - [`replay`]: rebuilds the [`state`]; [`snapshot`]: keeps it.
//! - [`storage`]: the folder on a disk, or one in memory that forgets like a disk.
//! - [`mapping`]: memory on huge pages, for an engine's arena.
//!
//! ```
//! use std::sync::Arc;
//!
//! use novate_core::prelude::*;
//! use novate_journal::reader::{Chain, Reader};
//! use novate_journal::replay::{Halt, Replay};
//! use novate_journal::storage::{CrashStorage, Storage};
//! use novate_journal::writer::{Durability, Settings, create};
//!
//! // In a program: `DiskStorage::new(folder)`.
//! let storage: Arc<dyn Storage> = Arc::new(CrashStorage::new());
//! let genesis = Genesis::new(0, 0x5eed, Capacities::for_orders(100));
//! let mut arena = Arena::for_genesis(&genesis)?;
//! let mut engine = Engine::genesis(arena.chunks_mut(), Untracked, &genesis)?;
//!
//! // A command is written, then applied. `start` runs flusher and preparer on threads of their own.
//! let opened = create(storage.clone(), &genesis, Settings::new(Durability::Batch))?;
//! let (mut writer, background) = opened.start()?;
//! let open = OpenAccount::new((SessionId::operator(0), 1), 7);
//! writer.append(Sequence(1), TimeNs(1), &open)?;
//! engine.apply(Sequence(1), TimeNs(1), &open, &mut Discard)?;
//! writer.seal(engine.events_digest())?;
//! background.close(writer, engine.events_digest())?;
//!
//! // Whoever has the journal comes to the same state.
//! let mut replay = Replay::from_genesis(Reader::open(storage, Chain::Verified)?)?;
//! assert!(matches!(replay.run(None, &mut Discard)?, Halt::End(_)));
//! assert_eq!(replay.result()?, (Sequence(1), engine.events_digest()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Files and mappings live here and not in `novate-core`, which knows no operating system. Linux only: the layout of
//! `/proc` and the advice for huge pages are Linux's own.

#[cfg(not(target_os = "linux"))]
compile_error!("novate-journal maps memory as Linux does: build for Linux on x86_64 or aarch64");

pub mod chain;
pub mod checksum;
pub mod error;
pub mod folder;
pub mod format;
#[cfg(target_os = "linux")]
pub mod mapping;
mod memory;
pub mod prune;
pub mod reader;
pub mod replay;
pub mod snapshot;
pub mod state;
pub mod storage;
pub mod verify;
pub mod walk;
pub mod writer;

pub use self::error::{Damage, Fault, JournalError};
