//! Files over a slow socket: time counts only while nothing moves. The limits are scaled down.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::*;

/// More than the buffers of both sides of a connection hold.
const LARGE: usize = 16 << 20;
const PIECE: usize = 64 << 10;
const SILENCE: Duration = Duration::from_secs(2);
/// Twenty of these are one silence.
const PAUSE: Duration = Duration::from_millis(100);
/// What a slow peer takes between two pauses.
const SIP: usize = 256 << 10;

// The whole takes longer than a silence, or the tests show nothing.
const _: () = assert!((LARGE / SIP) as u128 * PAUSE.as_millis() > 2 * SILENCE.as_millis());

fn scaled() -> Egress {
    let patience = Patience {
        silence: SILENCE,
        answer_to_file: SILENCE,
        transfer: Duration::from_secs(300),
    };
    Egress::new(None, Arc::new(large_file), patience).unwrap()
}

fn large_file(file: FileId) -> BoxFuture<'static, Result<FoundFile, StoreError>> {
    let stored = StoredFile {
        id: file,
        token: "token".to_owned(),
        name: "a.bin".to_owned(),
        content_type: "application/octet-stream".to_owned(),
        size: LARGE as u64,
        sha256: String::new(),
    };
    let mut left = LARGE / PIECE;
    let next = move || -> BoxFuture<'static, _> {
        let more = left > 0;
        left = left.saturating_sub(1);
        Box::pin(async move { more.then(|| Ok(Bytes::from(vec![7; PIECE]))) })
    };
    let download = Download {
        name: None,
        content_type: None,
        size: None,
        next: Box::new(next),
    };
    Box::pin(async { Ok(Some((stored, download))) })
}

/// One connection, treated so after the head of its request.
async fn peer<F>(treat: impl FnOnce(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send,
{
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 << 10).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        treat(stream).await;
    });
    address.to_string()
}

/// Takes a file sip by sip.
async fn sip(stream: &mut TcpStream) {
    let mut left = LARGE;
    while left > 0 {
        let mut sip = vec![0; SIP.min(left)];
        stream.read_exact(&mut sip).await.unwrap();
        left -= sip.len();
        tokio::time::sleep(PAUSE).await;
    }
}

async fn upload_to(host: &str) -> Result<FetchResponse, FetchError> {
    let body = Body::File {
        handle: "f1".to_owned(),
        encrypt: None,
    };
    let permit = permit(&[host], true);
    let rights = Rights {
        permit: &permit,
        secrets: &Secrets::default(),
        tokens: &Fetched::default(),
        files: &[FileId("f1".to_owned())],
    };
    let prepared = prepare(&post(&format!("http://{host}/"), body), rights).unwrap();
    // What is left of the call is not for files.
    scaled().fetch(prepared, Duration::from_millis(1)).await
}

async fn download_from(host: &str) -> Result<usize, StreamError> {
    let permit = permit(&[host], true);
    let rights = Rights {
        permit: &permit,
        secrets: &Secrets::default(),
        tokens: &Fetched::default(),
        files: &[],
    };
    let prepared = prepare(&get(&format!("http://{host}/")), rights).unwrap();
    let mut download = scaled().download(prepared, None).await.unwrap().unwrap();
    let mut bytes = 0;
    while let Some(piece) = (download.next)().await {
        bytes += piece?.len();
    }
    Ok(bytes)
}

fn unknown(result: Result<FetchResponse, FetchError>) -> String {
    match result {
        Err(FetchError::Unknown(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_slow_but_steady_upload_takes_as_long_as_it_needs() {
    let host = peer(|mut stream| async move {
        sip(&mut stream).await;
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine";
        stream.write_all(answer).await.unwrap();
        // Closing early would lose the answer.
        let _ = stream.read_u8().await;
    })
    .await;
    let answer = upload_to(&host).await.unwrap();
    assert_eq!(answer.body, ResponseBody::Text("fine".to_owned()));
}

#[tokio::test]
async fn a_peer_that_stops_taking_a_file_ends_the_upload_and_the_error_says_so() {
    let host = peer(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let text = unknown(upload_to(&host).await);
    assert_eq!(text, "the other side took nothing of the file for 2 s");
}

#[tokio::test]
async fn a_peer_that_takes_a_whole_file_and_says_nothing_is_not_awaited_for_ever() {
    let host = peer(|mut stream| async move {
        let mut all = vec![0; LARGE];
        stream.read_exact(&mut all).await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let text = unknown(upload_to(&host).await);
    assert_eq!(text, "no answer within 2 s after the whole file");
}

#[tokio::test]
async fn a_slow_but_steady_download_takes_as_long_as_it_needs() {
    let host = peer(|mut stream| async move {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..LARGE / SIP {
            stream.write_all(&vec![7; SIP]).await.unwrap();
            tokio::time::sleep(PAUSE).await;
        }
    })
    .await;
    assert_eq!(download_from(&host).await, Ok(LARGE));
}

#[tokio::test]
async fn a_peer_that_stops_giving_a_file_ends_the_download_and_the_error_says_so() {
    let host = peer(|mut stream| async move {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\nthe first");
        stream.write_all(head.as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let text = "nothing of the answer came for 2 s".to_owned();
    assert_eq!(download_from(&host).await, Err(StreamError(text)));
}
