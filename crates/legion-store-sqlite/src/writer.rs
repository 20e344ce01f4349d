//! The one thread that writes.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::group::{self, Write};
use crate::readers::Readers;
use crate::shared::{EndGuard, Shared};

/// Memory that waiting writes may hold, in KiB. Whoever comes later waits to be let in.
const QUEUE_KIB_MAX: u32 = 256 * 1024;
/// What the smallest write counts for, which bounds their number to 4096.
const WRITE_KIB_MIN: u32 = 64;
/// A transaction takes no more writes once it holds this much: then the first of them has waited long enough.
const GROUP_BYTES_MAX: usize = 16 * 1024 * 1024;
const GROUP_WRITES_MAX: usize = 1_024;
/// How often an idle log looks whether its files are still there.
const FILE_CHECK_EVERY: Duration = Duration::from_secs(3);
/// The write-ahead log is copied back into the database once it has about this many pages (of 4 KiB). Then it starts
/// over in place: a sync of a file that does not grow is the faster one.
const CHECKPOINT_PAGES: usize = 1_000;
/// Pages that a record touches besides those its body fills: a leaf of the table, one of the index, and a share of
/// what lies above them.
const PAGES_PER_WRITE: usize = 4;
const PAGE_BYTES: usize = 4_096;

/// What the writer is told. A write brings along the room it takes in the queue.
enum Order {
    Write(Write, OwnedSemaphorePermit),
    Close(oneshot::Sender<()>),
}

/// The way to the writer. When the last one is dropped, the writer finishes what it has and ends.
#[derive(Debug)]
pub struct WriterHandle {
    orders: Sender<Order>,
    room: Arc<Semaphore>,
}

/// The writer could not be reached, or did not answer: the log has ended.
pub struct NoAnswer;

impl WriterHandle {
    pub fn start(connection: Connection, shared: Arc<Shared>, readers: Arc<Readers>) -> io::Result<Self> {
        let (orders, received) = mpsc::channel();
        let writer = Writer { connection, shared, readers, unsaved_pages: 0 };
        thread::Builder::new().name("log-writer".into()).spawn(move || writer.run(&received))?;
        Ok(Self { orders, room: Arc::new(Semaphore::new(QUEUE_KIB_MAX as usize)) })
    }

    /// Hands a write over, once there is room for it, and waits for the answer.
    pub async fn write<T>(&self, make: impl FnOnce(oneshot::Sender<T>) -> Write) -> Result<T, NoAnswer> {
        let (reply, answer) = oneshot::channel();
        let write = make(reply);
        let kib = u32::try_from(write.bytes() / 1024).unwrap_or(u32::MAX).clamp(WRITE_KIB_MIN, QUEUE_KIB_MAX);
        let room = self.room.clone().acquire_many_owned(kib).await.map_err(|_| NoAnswer)?;
        self.orders.send(Order::Write(write, room)).map_err(|_| NoAnswer)?;
        answer.await.map_err(|_| NoAnswer)
    }

    /// Waits until everything handed over is written and the database is closed.
    pub async fn close(&self) -> Result<(), NoAnswer> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(Order::Close(reply)).map_err(|_| NoAnswer)?;
        answer.await.map_err(|_| NoAnswer)
    }
}

struct Writer {
    connection: Connection,
    shared: Arc<Shared>,
    readers: Arc<Readers>,
    /// About as many pages were written since the write-ahead log was last copied back.
    unsaved_pages: usize,
}

impl Writer {
    fn run(mut self, orders: &Receiver<Order>) {
        let _guard = EndGuard(self.shared.clone());
        let mut closing = Vec::new();
        let clean = loop {
            match orders.recv_timeout(FILE_CHECK_EVERY) {
                Ok(order) => {
                    if !self.serve(order, orders, &mut closing) {
                        break !closing.is_empty();
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    if self.shared.check().is_err() {
                        break false;
                    }
                    self.checkpoint_if(1);
                }
                Err(RecvTimeoutError::Disconnected) => break true,
            }
        };
        let shared = self.shared.clone();
        // Before the readers end, so that whoever asks learns why.
        shared.end("it was closed");
        self.finish(clean);
        for reply in closing {
            // An error only says that nobody waits any more.
            let _ = reply.send(());
        }
        answer_closed(orders, &shared);
    }

    /// Takes an order and all that wait behind it; says whether to go on.
    fn serve(&mut self, first: Order, orders: &Receiver<Order>, closing: &mut Vec<oneshot::Sender<()>>) -> bool {
        let (mut group, mut rooms, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut next = Some(first);
        while let Some(order) = next {
            match order {
                Order::Write(write, room) => {
                    bytes += write.bytes();
                    group.push(write);
                    rooms.push(room);
                }
                Order::Close(reply) => {
                    closing.push(reply);
                    break;
                }
            }
            let taken = bytes >= GROUP_BYTES_MAX || group.len() >= GROUP_WRITES_MAX;
            next = if taken { None } else { orders.try_recv().ok() };
        }
        if !group.is_empty() {
            let pages = group.len() * PAGES_PER_WRITE + bytes / PAGE_BYTES;
            group::commit(&mut self.connection, &self.shared, group);
            drop(rooms);
            if self.shared.ended().is_some() {
                return false;
            }
            self.unsaved_pages += pages;
            self.checkpoint_if(CHECKPOINT_PAGES);
        }
        closing.is_empty()
    }

    /// Copies the write-ahead log back as far as no reader needs it, if at least `pages` have gathered. After the
    /// answers, so that nobody waits for it.
    fn checkpoint_if(&mut self, pages: usize) {
        if self.unsaved_pages < pages {
            return;
        }
        self.unsaved_pages = 0;
        self.checkpoint("PASSIVE");
    }

    /// What fails here is tried again later; nothing is lost, the write-ahead log only grows.
    fn checkpoint(&self, mode: &str) {
        let sql = format!("PRAGMA wal_checkpoint({mode})");
        if let Err(error) = self.connection.query_row(&sql, [], |_| Ok(())) {
            tracing::warn!(path = %self.shared.path.display(), %error, mode, "write-ahead log not copied back");
        }
    }

    /// Closes the connections: the readers' first, so that the whole write-ahead log can be copied back.
    fn finish(self, clean: bool) {
        self.readers.close();
        if clean && self.shared.files.check().is_ok() {
            self.checkpoint("TRUNCATE");
        } else if let Err(error) = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true) {
            // What is closed now may lie under the name of another database: nothing of it is touched any more.
            tracing::warn!(path = %self.shared.path.display(), %error, "connection may touch the files once more");
        }
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(path = %self.shared.path.display(), %error, "connection not closed");
        }
    }
}

/// Answers everything that still comes, until nobody can ask any more.
fn answer_closed(orders: &Receiver<Order>, shared: &Shared) {
    while let Ok(order) = orders.recv() {
        match order {
            Order::Write(write, _room) => group::close(vec![write], &shared.ended_reason()),
            Order::Close(reply) => drop(reply.send(())),
        }
    }
}
