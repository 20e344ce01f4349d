//! Threads that read, each on a connection of its own: they neither wait for the writer nor make it wait.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use legion_store::{ReadError, SnapshotError};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::page::{Patience, READ_TIME_MAX, Stopped};
use crate::shared::Shared;

/// Two, so that a long page does not hold up a short one.
const READERS: usize = 2;
/// Reads that may wait; whoever comes later waits to be let in.
const READ_QUEUE_MAX: usize = 256;

type Query = Box<dyn FnOnce(&Connection) + Send>;

/// The way to the readers.
pub struct Readers {
    queue: Mutex<Option<Sender<Query>>>,
    slots: Arc<Semaphore>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Readers {
    pub fn start(connections: impl IntoIterator<Item = Connection>) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let start = |connection| {
            let receiver = receiver.clone();
            thread::Builder::new().name("log-reader".into()).spawn(move || serve(&connection, &receiver))
        };
        let threads = connections.into_iter().map(start).collect::<io::Result<_>>()?;
        Ok(Self {
            queue: Mutex::new(Some(sender)),
            slots: Arc::new(Semaphore::new(READ_QUEUE_MAX)),
            threads: Mutex::new(threads),
        })
    }

    pub const fn count() -> usize {
        READERS
    }

    /// Runs `query` on a reader. It is given up when nobody waits for it any more, and after [`READ_TIME_MAX`].
    pub async fn read<T: Send + 'static>(
        &self,
        shared: &Arc<Shared>,
        query: impl FnOnce(&Connection, &Patience<'_>) -> Result<T, Stopped> + Send + 'static,
    ) -> Result<T, Unread> {
        shared.check().map_err(Unread::Closed)?;
        let closed = || Unread::Closed(shared.ended_reason());
        let permit = self.slots.clone().acquire_owned().await.map_err(|_| closed())?;
        let (reply, answer) = oneshot::channel();
        let job = move |connection: &Connection| {
            let result = answer_to(connection, &reply, query);
            // An error only says that nobody waits any more.
            let _ = reply.send(result);
            drop::<OwnedSemaphorePermit>(permit);
        };
        let sent = match &*self.queue.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(queue) => queue.send(Box::new(job)).is_ok(),
            None => false,
        };
        if !sent {
            return Err(closed());
        }
        match answer.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(Stopped::TimedOut)) => Err(Unread::TimedOut),
            Ok(Err(Stopped::Failed(error))) => Err(Unread::Failed(error)),
            Err(_) => Err(closed()),
        }
    }

    /// Waits until what was asked is answered, at most [`READ_TIME_MAX`] each, and closes the connections.
    pub fn close(&self) {
        self.slots.close();
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a reader of the log panicked");
            }
        }
    }
}

fn answer_to<T>(
    connection: &Connection,
    reply: &oneshot::Sender<Result<T, Stopped>>,
    query: impl FnOnce(&Connection, &Patience<'_>) -> Result<T, Stopped>,
) -> Result<T, Stopped> {
    let abandoned = || reply.is_closed();
    if abandoned() {
        return Err(Stopped::TimedOut);
    }
    query(connection, &Patience::new(&abandoned))
}

fn serve(connection: &Connection, queue: &Mutex<Receiver<Query>>) {
    loop {
        let query = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match query {
            Ok(query) => query(connection),
            Err(_) => return,
        }
    }
}

/// Why a query was not answered.
pub enum Unread {
    Closed(String),
    TimedOut,
    Failed(rusqlite::Error),
}

impl From<Unread> for ReadError {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Closed(reason) => Self::Closed(reason),
            Unread::TimedOut => Self::TimedOut { seconds: READ_TIME_MAX.as_secs() },
            Unread::Failed(error) => Self::Failed(Arc::new(error)),
        }
    }
}

impl From<Unread> for SnapshotError {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Closed(reason) => Self::Closed(reason),
            Unread::TimedOut => Self::Failed(Arc::new(ReadError::TimedOut { seconds: READ_TIME_MAX.as_secs() })),
            Unread::Failed(error) => Self::Failed(Arc::new(error)),
        }
    }
}
