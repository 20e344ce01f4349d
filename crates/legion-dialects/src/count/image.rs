//! Tokens of images and documents: never of their base64 as text.

use crate::neutral::Media;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What the largest image costs before a provider shrinks it.
const IMAGE_MAX: u64 = 1_600;
/// Pixels per token, as Anthropic documents it.
const PIXELS_PER_TOKEN: u64 = 750;
/// An image is at least this much.
const IMAGE_MIN: u64 = 85;
/// A page of a document: its text and its image.
const PAGE: u64 = 3_000;
/// Bytes of a small page.
const PAGE_BYTES: u64 = 30_000;
/// Base64 letters that hold the head of a PNG.
const HEAD_LETTERS: usize = 32;

pub fn image(media: &Media) -> u64 {
    match media {
        Media::Base64 { data, .. } => pixels(data),
        Media::Url(_) | Media::File(_) => IMAGE_MAX,
        Media::Text(text) => super::text::tokens(text),
    }
}

pub fn document(media: &Media) -> u64 {
    match media {
        Media::Text(text) => super::text::tokens(text),
        Media::Base64 { data, .. } => pages(data.len()),
        Media::Url(_) | Media::File(_) => PAGE,
    }
}

/// So many letters of base64 that begin with these, which say what it is. `None` when they say nothing that is known here.
pub fn payload(head: &str, letters: usize) -> Option<u64> {
    const PDF: &str = "JVBERi";
    const IMAGES: [&str; 4] = ["iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR"];
    if head.starts_with(PDF) {
        return Some(pages(letters));
    }
    IMAGES.iter().any(|known| head.starts_with(known)).then(|| pixels(head))
}

fn pixels(data: &str) -> u64 {
    png_pixels(data).map_or(IMAGE_MAX, |pixels| pixels.div_ceil(PIXELS_PER_TOKEN).clamp(IMAGE_MIN, IMAGE_MAX))
}

fn pages(letters: usize) -> u64 {
    (letters as u64 * 3 / 4).div_ceil(PAGE_BYTES).max(1) * PAGE
}

/// Width times height, from the head of a PNG.
fn png_pixels(data: &str) -> Option<u64> {
    let head = STANDARD.decode(data.get(..HEAD_LETTERS)?).ok()?;
    if !head.starts_with(b"\x89PNG\r\n\x1a\n") {
        return None;
    }
    let side = |at: usize| Some(u64::from(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?)));
    side(16)?.checked_mul(side(20)?)
}
