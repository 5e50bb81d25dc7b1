//! Streams of events: passed on as they come, and ended when they have no future.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::site::{Door, Site, Turn};

/// A stream through the door, of which the first event has come.
struct Stream {
    body: Incoming,
    /// The connection is the client's.
    _client: Client<hyper_util::client::legacy::connect::HttpConnector, Full<Bytes>>,
}

impl Stream {
    async fn open(door: &Door, site: &Site) -> Self {
        site.next(&[Turn::Stream]);
        let client = Client::builder(TokioExecutor::new()).build_http();
        let request = Request::get(format!("http://{}/v1/changes?from=3", door.address));
        let request = request.header("last-event-id", "17").body(Full::default()).unwrap();
        let response = client.request(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let seen = site.seen();
        let seen = seen.last().unwrap();
        assert_eq!(
            (seen.path.as_str(), &seen.headers["last-event-id"]),
            ("/v1/changes?from=3", &"17".parse().unwrap())
        );
        let mut stream = Self { body: response.into_body(), _client: client };
        assert_eq!(stream.next().await.unwrap(), "data: 1\n\n", "before the stream has ended");
        stream
    }

    async fn next(&mut self) -> Option<Bytes> {
        self.body.frame().await.map(|frame| frame.unwrap().into_data().unwrap())
    }
}

#[tokio::test]
async fn a_stream_ends_when_another_site_leads() {
    let (one, two) = (Site::leading("east-1", 1).await, Site::start("east-2").await);
    let door = Door::before(&[&one, &two]).await;
    let mut stream = Stream::open(&door, &one).await;
    two.lead(2);
    assert_eq!(stream.next().await, None, "the client asks again, and gets the new leader");
    Stream::open(&door, &two).await;
    door.gateway.end_streams();
    door.close().await;
}

#[tokio::test]
async fn a_stream_ends_with_its_site() {
    let site = Site::leading("east-1", 1).await;
    let door = Door::before(&[&site]).await;
    let mut stream = Stream::open(&door, &site).await;
    site.die();
    assert_eq!(stream.next().await, None);
    door.close().await;
}

#[tokio::test]
async fn a_door_that_closes_ends_its_streams() {
    let site = Site::leading("east-1", 1).await;
    let door = Door::before(&[&site]).await;
    let mut stream = Stream::open(&door, &site).await;
    door.gateway.end_streams();
    assert_eq!(stream.next().await, None);
    door.close().await;
}
