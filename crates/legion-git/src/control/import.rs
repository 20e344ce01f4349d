//! Objects from outside: hashed again and checked before they are here.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::control::Control;
use crate::error::GitError;
use crate::file_system::{blocking, open_directory, open_file_beneath};
use crate::oid::{ObjectFormat, Oid};
use crate::ref_name::RefName;

/// A header names the commits that a bundle builds on.
const HEADER_LINES_MAX: usize = 10_000;
const HEADER_LINE_BYTES_MAX: u64 = 2_048;
/// Up to this many objects are unpacked; more stay packed. Many small packs would make every look-up slow.
const UNPACK_OBJECTS_MAX: u32 = 200;
/// A pack's header: four letters, a version, a count.
const PACK_HEADER_BYTES: usize = 12;
/// Faults of old commits that many honest repositories have, and that do no harm.
const HARMLESS: &str = "zeroPaddedFilemode=ignore,badTimezone=ignore,missingSpaceBeforeDate=ignore,\
     missingSpaceBeforeEmail=ignore,zeroPaddedDate=ignore,missingEmail=ignore,multipleAuthors=ignore,\
     badDate=ignore,missingTaggerEntry=ignore,badTagName=ignore,gitignoreSymlink=ignore,gitattributesSymlink=ignore,\
     mailmapSymlink=ignore";
/// `index-pack --strict=<faults>` came with this version.
const NAMED_FAULTS_SINCE: (u32, u32) = (2, 44);

/// Why a bundle is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("failed to read the bundle `{bundle}`")]
    Read {
        bundle: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the bundle `{bundle}` is larger than {bytes_max} bytes; raise the limit or import less history")]
    TooLarge { bundle: PathBuf, bytes_max: u64 },
    #[error("`{bundle}` is no bundle that can be taken: {reason}")]
    NotABundle { bundle: PathBuf, reason: &'static str },
    #[error("the bundle `{bundle}` builds on commit {commit}, which is not here; import that first")]
    Incomplete { bundle: PathBuf, commit: Oid },
    #[error("the bundle `{bundle}` has objects that are damaged or dangerous, and was not taken: {reason}")]
    Refused { bundle: PathBuf, reason: String },
    #[error(transparent)]
    Git(#[from] GitError),
}

/// What stands before the pack in a bundle.
struct Header {
    format: ObjectFormat,
    prerequisites: Vec<Oid>,
    tip: Oid,
}

impl Control {
    /// Takes the commits of a bundle with one tip, made by [`crate::PersonRepo::bundle`] or by `git bundle`, and points
    /// `into` at it. All objects are hashed again and checked; their links must be complete.
    ///
    /// # Errors
    /// When the file is a link, larger than `bytes_max`, no bundle, or not to be trusted. Then nothing was taken.
    pub async fn import(&self, bundle: &Path, into: &RefName, bytes_max: u64) -> Result<Oid, ImportError> {
        let temporary = self.temporary()?;
        let pack = temporary.join("in.pack");
        let (from, to) = (bundle.to_owned(), pack.clone());
        let header = blocking(move || split(&from, &to, bytes_max)).await?;
        let not_a_bundle = |reason| ImportError::NotABundle { bundle: bundle.to_owned(), reason };
        if header.format != self.format() {
            return Err(not_a_bundle("its objects are named by another hash than this repository's"));
        }
        for commit in header.prerequisites {
            if !self.has_commit(&commit).await? {
                return Err(ImportError::Incomplete { bundle: bundle.to_owned(), commit });
            }
        }
        self.take_pack(&pack).await.map_err(|error| refused(bundle, error))?;
        if !self.has_commit(&header.tip).await? {
            return Err(not_a_bundle("its tip is no commit in it"));
        }
        self.set_ref(into, &header.tip).await?;
        Ok(header.tip)
    }

    /// Takes the objects of a pack file of ours with anybody's content.
    pub(crate) async fn take_pack(&self, pack: &Path) -> Result<(), GitError> {
        let count = objects_in(pack).map_err(GitError::file("read", pack))?;
        let call = if count <= UNPACK_OBJECTS_MAX {
            self.call("unpack-objects").args(["-q", "--strict"])
        } else if self.git().version() >= NAMED_FAULTS_SINCE {
            self.call("index-pack").args(["--stdin", "--fix-thin"]).arg(format!("--strict={HARMLESS}"))
        } else {
            self.call("index-pack").args(["--stdin", "--fix-thin", "--strict"])
        };
        call.input(pack).long().run().await.map(drop)
    }
}

fn refused(bundle: &Path, error: GitError) -> ImportError {
    match error {
        GitError::Failed { message, .. } => ImportError::Refused { bundle: bundle.to_owned(), reason: message },
        other => other.into(),
    }
}

fn objects_in(pack: &Path) -> io::Result<u32> {
    let mut header = [0; PACK_HEADER_BYTES];
    File::open(pack)?.read_exact(&mut header)?;
    Ok(u32::from_be_bytes([header[8], header[9], header[10], header[11]]))
}

/// Copies the pack of a bundle to a file of ours, and reads what stands before it.
fn split(bundle: &Path, pack: &Path, bytes_max: u64) -> Result<Header, ImportError> {
    let read = |source| ImportError::Read { bundle: bundle.to_owned(), source };
    let (parent, name) = (bundle.parent(), bundle.file_name());
    let (Some(parent), Some(name)) = (parent, name) else { return Err(read(io::ErrorKind::InvalidInput.into())) };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let parent = parent.canonicalize().map_err(read)?;
    let directory = open_directory(&parent).map_err(read)?;
    let file = open_file_beneath(&directory, Path::new(name)).map_err(read)?;
    if file.metadata().map_err(read)?.len() > bytes_max {
        return Err(ImportError::TooLarge { bundle: bundle.to_owned(), bytes_max });
    }
    // It may grow while it is read.
    let mut reader = BufReader::new(file).take(bytes_max + 1);
    let header = read_header(&mut reader).map_err(read)?;
    let header = header.map_err(|reason| ImportError::NotABundle { bundle: bundle.to_owned(), reason })?;
    let mut target = File::create(pack).map_err(GitError::file("create", pack))?;
    io::copy(&mut reader, &mut target).map_err(GitError::file("write", pack))?;
    target.flush().map_err(GitError::file("write", pack))?;
    if reader.limit() == 0 {
        return Err(ImportError::TooLarge { bundle: bundle.to_owned(), bytes_max });
    }
    Ok(header)
}

fn read_header(reader: &mut impl io::BufRead) -> io::Result<Result<Header, &'static str>> {
    let mut format = ObjectFormat::Sha1;
    let (mut prerequisites, mut tips) = (Vec::new(), Vec::new());
    for number in 0..HEADER_LINES_MAX {
        let mut line = Vec::new();
        reader.by_ref().take(HEADER_LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        let Some(line) = line.strip_suffix(b"\n") else { return Ok(Err("its header is not complete")) };
        match line {
            b"# v2 git bundle" | b"# v3 git bundle" if number == 0 => {}
            _ if number == 0 => return Ok(Err("it does not begin like one")),
            b"@object-format=sha1" => {}
            b"@object-format=sha256" => format = ObjectFormat::Sha256,
            [b'@', ..] => return Ok(Err("it asks for something that is not supported")),
            [b'-', rest @ ..] => match Oid::from_output(rest.split(|byte| *byte == b' ').next().unwrap_or_default()) {
                Some(oid) => prerequisites.push(oid),
                None => return Ok(Err("its header names no commit where it should")),
            },
            [] => {
                tips.dedup();
                let [tip] = &tips[..] else { return Ok(Err("it has more than one tip, or none")) };
                return Ok(Ok(Header { format, prerequisites, tip: Oid::clone(tip) }));
            }
            line => match Oid::from_output(line.split(|byte| *byte == b' ').next().unwrap_or_default()) {
                Some(oid) => tips.push(oid),
                None => return Ok(Err("its header names no commit where it should")),
            },
        }
    }
    Ok(Err("its header is too long"))
}
