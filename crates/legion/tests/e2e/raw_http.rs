//! Requests as a hostile script writes them: byte by byte, to the real service.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// One request.
#[derive(Clone)]
pub struct Ask {
    pub method: &'static str,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: String,
}

pub fn get(target: impl Into<String>) -> Ask {
    Ask { method: "GET", target: target.into(), headers: Vec::new(), body: None }
}

pub fn post(target: impl Into<String>, body: &Value) -> Ask {
    send("POST", target, body)
}

pub fn send(method: &'static str, target: impl Into<String>, body: &Value) -> Ask {
    Ask { method, body: Some(body.to_string().into_bytes()), ..get(target) }.with("content-type", "application/json")
}

pub fn delete(target: impl Into<String>) -> Ask {
    Ask { method: "DELETE", ..get(target) }
}

impl Ask {
    /// Adds a header, beside one of the same name.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn by(self, token: &str) -> Self {
        let bearer = format!("Bearer {token}");
        self.with("authorization", &bearer)
    }

    /// Sends it, and reads the whole answer.
    pub fn to(&self, address: &str) -> Reply {
        let text = self.read(address, PATIENCE, |_| false);
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
        Reply { status: status.unwrap_or_else(|| panic!("no answer to {} {}: {text}", self.method, self.target)), body }
    }

    /// Sends it, and reads until there is enough, or nothing comes for so long.
    pub fn read(&self, address: &str, silence: Duration, enough: impl Fn(&str) -> bool) -> String {
        let mut stream = TcpStream::connect(address).expect("the service listens");
        stream.set_read_timeout(Some(silence)).expect("a timeout");
        let mut head = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", self.method, self.target);
        if !self.headers.iter().any(|(name, _)| name == "host") {
            head.push_str(&format!("host: {address}\r\n"));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let body = self.body.clone().unwrap_or_default();
        if self.body.is_some() {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).expect("it is sent");
        let (mut read, mut part) = (Vec::new(), [0; 16 * 1024]);
        // A stream without an end is read until it has been silent.
        while let Ok(bytes) = stream.read(&mut part) {
            read.extend_from_slice(&part[..bytes]);
            if bytes == 0 || enough(&String::from_utf8_lossy(&read)) {
                break;
            }
        }
        String::from_utf8_lossy(&read).into_owned()
    }
}
