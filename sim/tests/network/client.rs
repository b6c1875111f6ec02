//! A real client under test: whatsapp-rust with its own in-memory store, and what it reported.

use std::sync::Arc;
use std::time::Duration;

use switchyard_sim::Network;
use tokio::sync::mpsc;
use tokio::time::timeout;
use whatsapp_rust::bot::{Bot, BotHandle};
use whatsapp_rust::http::{HttpClient, HttpRequest, HttpResponse};
use whatsapp_rust::transport::TokioWebSocketTransportFactory;
use whatsapp_rust::wacore::store::in_memory::InMemoryBackend;
use whatsapp_rust::wacore::store::traits::Backend;
use whatsapp_rust::wacore::types::events::{Event, EventHandler, InboundMessage};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::{Client, InboundDurabilityHook, async_trait};

/// How long to wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The client needs no HTTP here.
struct NoHttp;

#[async_trait]
impl HttpClient for NoHttp {
    async fn execute(&self, request: HttpRequest) -> anyhow::Result<HttpResponse> {
        anyhow::bail!("no request is expected: {}", request.url)
    }
}

/// Takes every message over.
struct Willing;

#[async_trait]
impl InboundDurabilityHook for Willing {
    async fn on_messages(&self, _: Arc<Client>, _: &[InboundMessage]) -> anyhow::Result<()> {
        Ok(())
    }
}

/// Passes events on in their order.
struct Recorder(mpsc::UnboundedSender<Arc<Event>>);

impl EventHandler for Recorder {
    fn handle_event(&self, event: Arc<Event>) {
        drop(self.0.send(event));
    }
}

/// The text of a message, in either of the two places where clients put it.
fn text_of(message: &wa::Message) -> Option<String> {
    let extended = message.extended_text_message.as_option();
    message
        .conversation
        .clone()
        .or_else(|| extended.and_then(|one| one.text.clone()))
}

/// A client and its events.
pub(crate) struct TestClient {
    pub(crate) client: Arc<Client>,
    pub(crate) store: Arc<InMemoryBackend>,
    pub(crate) events: mpsc::UnboundedReceiver<Arc<Event>>,
    handle: BotHandle,
}

impl TestClient {
    /// A client that was never linked.
    pub(crate) async fn new(network: &Network) -> Self {
        Self::with_store(network, Arc::new(InMemoryBackend::new())).await
    }

    /// A client with what another one left behind.
    pub(crate) async fn with_store(network: &Network, store: Arc<InMemoryBackend>) -> Self {
        Self::with_hook(network, store, Willing).await
    }

    /// The same, and messages are taken over by that hook.
    pub(crate) async fn with_hook(
        network: &Network,
        store: Arc<InMemoryBackend>,
        hook: impl InboundDurabilityHook + 'static,
    ) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let backend: Arc<dyn Backend> = Arc::<InMemoryBackend>::clone(&store);
        let bot = Bot::builder()
            .with_backend_arc(backend)
            .with_transport_factory(
                TokioWebSocketTransportFactory::new().with_url(network.whatsapp_url()),
            )
            .with_http_client(NoHttp)
            .with_version((2, 3000, 1_030_000_000))
            .with_wanted_pre_key_count(30)
            .with_inbound_durability_hook(hook)
            .with_event_handler(Recorder(sender))
            .build()
            .await
            .expect("a client");
        Self {
            client: bot.client(),
            store,
            events,
            handle: bot.spawn(),
        }
    }

    /// Waits for the first event that `pick` wants.
    pub(crate) async fn wait<T>(&mut self, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        let found = timeout(PATIENCE, async {
            loop {
                let event = self.events.recv().await.expect("the client is alive");
                if let Some(found) = pick(&event) {
                    return found;
                }
            }
        });
        found.await.expect("the event comes in time")
    }

    /// The next code to scan.
    pub(crate) async fn code(&mut self) -> String {
        self.wait(|event| match event {
            Event::PairingQrCode(code) => Some(code.code.clone()),
            _ => None,
        })
        .await
    }

    /// Waits until it is connected.
    pub(crate) async fn connected(&mut self) {
        self.wait(|event| matches!(event, Event::Connected(_)).then_some(()))
            .await;
    }

    /// The next texts that arrive, as many as asked for.
    pub(crate) async fn texts(&mut self, count: usize) -> Vec<String> {
        let mut texts = Vec::new();
        while texts.len() < count {
            let some = self
                .wait(|event| match event {
                    Event::Messages(batch) => Some(
                        batch
                            .messages
                            .iter()
                            .filter_map(|message| text_of(&message.message))
                            .collect::<Vec<_>>(),
                    ),
                    _ => None,
                })
                .await;
            texts.extend(some);
        }
        texts
    }

    /// Ends it; its store stays.
    pub(crate) async fn stop(self) -> Arc<InMemoryBackend> {
        self.client.disconnect().await;
        self.handle.abort();
        self.store
    }
}
