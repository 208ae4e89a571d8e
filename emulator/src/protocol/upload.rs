//! Requests of `/v3/push/package/upload`: a form with one file, which is a list of
//! accounts or tokens, as text or zipped.

use std::io::Read as _;

use super::request::Refusal;
use crate::protocol::codes;

/// The most that a list may be, packed and unpacked.
const MAX_FILE: usize = 100 << 20;
const MAX_NAME: usize = 100;

/// The file of a form.
#[derive(Debug)]
pub(crate) struct UploadRequest {
    pub(crate) file_name: String,
    /// One account or token a line.
    pub(crate) text: String,
}

fn failed(what: &str) -> Refusal {
    Refusal {
        code: codes::UPLOAD_FAILED,
        message: format!("file upload failed: {what}").into(),
    }
}

fn empty() -> Refusal {
    Refusal {
        code: codes::UPLOAD_EMPTY,
        message: "the uploaded file is empty".into(),
    }
}

/// Reads a form.
pub(crate) fn read(content_type: Option<&str>, body: &[u8]) -> Result<UploadRequest, Refusal> {
    let boundary = content_type
        .and_then(boundary)
        .ok_or_else(|| failed("the request is no multipart/form-data with a boundary"))?;
    let (file_name, bytes) = file_part(body, &boundary)?;
    let length = file_name.chars().count();
    if !(1..=MAX_NAME).contains(&length) {
        return Err(failed("the file name has not 1 to 100 characters"));
    }
    if bytes.is_empty() {
        return Err(empty());
    }
    if bytes.len() > MAX_FILE {
        return Err(failed("the file has more than 100 MB"));
    }
    let extension = file_name.rsplit_once('.').map(|(_, end)| end);
    let text = match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("txt" | "csv") => bytes.to_vec(),
        Some("zip") => only_list_of_zip(bytes)?,
        _ => return Err(failed("the file is neither .zip, .txt nor .csv")),
    };
    if text.len() > MAX_FILE {
        return Err(failed("the list has more than 100 MB"));
    }
    let text = String::from_utf8(text).map_err(|_| failed("the list is not UTF-8"))?;
    let text = text
        .strip_prefix('\u{feff}')
        .map(str::to_owned)
        .unwrap_or(text);
    if text.trim().is_empty() {
        return Err(empty());
    }
    Ok(UploadRequest { file_name, text })
}

fn boundary(content_type: &str) -> Option<String> {
    let (kind, rest) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameter(rest, "boundary").filter(|boundary| !boundary.is_empty())
}

/// A parameter of a header, such as `name="file"`.
fn parameter(parameters: &str, name: &str) -> Option<String> {
    parameters.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        if !key.trim().eq_ignore_ascii_case(name) {
            return None;
        }
        Some(value.trim().trim_matches('"').to_owned())
    })
}

/// The name and the bytes of the part called `file`.
fn file_part<'a>(body: &'a [u8], boundary: &str) -> Result<(String, &'a [u8]), Refusal> {
    let delimiter = [b"--", boundary.as_bytes()].concat();
    let first = find(body, &delimiter).ok_or_else(|| failed("the form has no part"))?;
    let mut rest = &body[first + delimiter.len()..];
    let end_mark = [b"\r\n--", boundary.as_bytes()].concat();
    loop {
        let Some(part) = rest.strip_prefix(b"\r\n") else {
            return Err(failed("the form has no part called file"));
        };
        let end = find(part, &end_mark).ok_or_else(|| failed("the form does not end"))?;
        let (part, after) = (&part[..end], &part[end + end_mark.len()..]);
        let head_end = find(part, b"\r\n\r\n").ok_or_else(|| failed("a part has no head"))?;
        let head = std::str::from_utf8(&part[..head_end]).unwrap_or_default();
        let disposition = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-disposition")
                .then_some(value)
        });
        let disposition = disposition.unwrap_or_default();
        if parameter(disposition, "name").as_deref() == Some("file") {
            let name = parameter(disposition, "filename")
                .ok_or_else(|| failed("the part called file has no file name"))?;
            return Ok((name, &part[head_end + 4..]));
        }
        rest = after;
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == first) {
        if bytes[from + at..].starts_with(wanted) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | usize::from(*byte)),
    )
}

/// The one .txt or .csv of an archive without folders.
fn only_list_of_zip(zip: &[u8]) -> Result<Vec<u8>, Refusal> {
    let broken = || failed("the file is no zip archive");
    // The end record is the last 22 bytes, and a comment behind it.
    let tail = zip.len().saturating_sub(22 + 65_535);
    let end = zip[tail..]
        .windows(4)
        .rposition(|mark| mark == b"PK\x05\x06")
        .map(|at| tail + at)
        .ok_or_else(broken)?;
    let entries = number(zip, end + 10, 2).ok_or_else(broken)?;
    if entries != 1 {
        return Err(failed("the archive has not exactly one file"));
    }
    let entry = number(zip, end + 16, 4).ok_or_else(broken)?;
    if zip.get(entry..entry + 4) != Some(b"PK\x01\x02") {
        return Err(broken());
    }
    let field = |at, length| number(zip, entry + at, length).ok_or_else(broken);
    let name_length = field(28, 2)?;
    let name = zip.get(entry + 46..entry + 46 + name_length);
    let name = String::from_utf8_lossy(name.ok_or_else(broken)?).to_ascii_lowercase();
    let end = name.rsplit_once('.').map(|(_, end)| end);
    if name.contains('/') || !matches!(end, Some("txt" | "csv")) {
        return Err(failed(
            "the archive has not one .txt or .csv outside of folders",
        ));
    }
    let (flags, method) = (field(8, 2)?, field(10, 2)?);
    let (packed, unpacked) = (field(20, 4)?, field(24, 4)?);
    if flags & 1 == 1 {
        return Err(failed("the archive has a password"));
    }
    if unpacked > MAX_FILE {
        return Err(failed("the list has more than 100 MB"));
    }
    let local = field(42, 4)?;
    let skip = |at| number(zip, local + at, 2).ok_or_else(broken);
    let data = local + 30 + skip(26)? + skip(28)?;
    let data = zip.get(data..data + packed).ok_or_else(broken)?;
    match method {
        0 => Ok(data.to_vec()),
        8 => {
            let mut text = Vec::new();
            let limit = MAX_FILE as u64 + 1;
            let mut reader = flate2::read::DeflateDecoder::new(data).take(limit);
            reader.read_to_end(&mut text).map_err(|_| broken())?;
            Ok(text)
        }
        _ => Err(failed(
            "the archive is packed in another way than by deflate",
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::read;
    use crate::protocol::codes::{UPLOAD_EMPTY, UPLOAD_FAILED};

    const TYPE: &str = "multipart/form-data; boundary=\"b\"";

    fn form(name: &str, bytes: &[u8]) -> Vec<u8> {
        let head = format!(
            "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--b\r\n\
             content-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: text/plain\r\n\r\n"
        );
        [head.as_bytes(), bytes, b"\r\n--b--\r\n"].concat()
    }

    fn code(content_type: &str, body: &[u8]) -> i64 {
        read(Some(content_type), body).map_or_else(|refusal| refusal.code, |_| 0)
    }

    /// An archive as the usual programs write it.
    fn zip(name: &str, text: &[u8], deflated: bool) -> Vec<u8> {
        let data = if deflated {
            let mut packer =
                flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
            packer.write_all(text).unwrap();
            packer.finish().unwrap()
        } else {
            text.to_vec()
        };
        let two = |n: usize| u16::try_from(n).unwrap().to_le_bytes();
        let four = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
        let method = if deflated { 8 } else { 0 };
        let mut out = b"PK\x03\x04".to_vec();
        out.extend([20, 0, 0, 0, method, 0, 0, 0, 0, 0]);
        out.extend([0; 4]);
        out.extend(four(data.len()));
        out.extend(four(text.len()));
        out.extend(two(name.len()));
        out.extend(two(0));
        out.extend(name.as_bytes());
        out.extend(&data);
        let directory = out.len();
        out.extend(b"PK\x01\x02");
        out.extend([20, 0, 20, 0, 0, 0, method, 0, 0, 0, 0, 0]);
        out.extend([0; 4]);
        out.extend(four(data.len()));
        out.extend(four(text.len()));
        out.extend(two(name.len()));
        out.extend([0; 12]);
        out.extend(four(0));
        out.extend(name.as_bytes());
        let size = out.len() - directory;
        out.extend(b"PK\x05\x06\0\0\0\0");
        out.extend(two(1));
        out.extend(two(1));
        out.extend(four(size));
        out.extend(four(directory));
        out.extend(two(0));
        out
    }

    #[test]
    fn lists_are_read_from_text_and_from_archives() {
        let list = b"alice\r\nbob\n";
        for (name, bytes) in [
            ("a.txt", list.to_vec()),
            ("a.CSV", list.to_vec()),
            ("a.zip", zip("in.txt", list, false)),
            ("a.zip", zip("in.csv", list, true)),
        ] {
            let upload = read(Some(TYPE), &form(name, &bytes)).unwrap();
            assert_eq!(
                (upload.file_name.as_str(), upload.text.as_bytes()),
                (name, &list[..])
            );
        }
        let marked = form("a.txt", "\u{feff}alice".as_bytes());
        assert_eq!(read(Some(TYPE), &marked).unwrap().text, "alice");
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let list = b"alice";
        assert_eq!(code(TYPE, &form("a.txt", b"")), UPLOAD_EMPTY);
        assert_eq!(code(TYPE, &form("a.txt", b" \n")), UPLOAD_EMPTY);
        for (content_type, body) in [
            ("application/json", form("a.txt", list)),
            ("multipart/form-data", form("a.txt", list)),
            ("multipart/form-data; boundary=c", form("a.txt", list)),
            (TYPE, b"--b--\r\n".to_vec()),
            (
                TYPE,
                b"--b\r\nContent-Disposition: form-data; name=\"file\"".to_vec(),
            ),
            (TYPE, form("a.pdf", list)),
            (TYPE, form("txt", list)),
            (TYPE, form("", list)),
            (TYPE, form(&format!("{}.txt", "n".repeat(97)), list)),
            (TYPE, form("a.txt", b"\xff")),
            (TYPE, form("a.zip", list)),
            (TYPE, form("a.zip", &zip("folder/in.txt", list, true))),
            (TYPE, form("a.zip", &zip("in.pdf", list, true))),
            (TYPE, form("a.zip", &zip("in.txt", list, true)[9..])),
        ] {
            let shown = String::from_utf8_lossy(&body).into_owned();
            assert_eq!(
                code(content_type, &body),
                UPLOAD_FAILED,
                "{content_type} {shown}"
            );
        }
        // Cut anywhere, nothing panics.
        let whole = zip("in.txt", list, true);
        for cut in 0..whole.len() {
            code(TYPE, &form("a.zip", &whole[cut..]));
            code(TYPE, &form("a.zip", &whole[..cut]));
        }
    }
}
