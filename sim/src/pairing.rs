//! Codes for clients without a phone: six references, each with its life, until one is scanned.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::oneshot;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Node, SERVER_JID};
use waproto::whatsapp::client_payload::DevicePairingRegistrationData;

use crate::companion::{Companion, KeptCompanion, SignedKey};
use crate::links;
use crate::log::{Happening, Note};
use crate::socket::{Socket, stream_error};
use crate::stanza::{attr, bytes, first_child, leaf, number};
use crate::world::World;

/// How many references WhatsApp gives to one connection.
const REFERENCES: usize = 6;

/// The life of the first code and of each later one, in seconds, as WhatsApp's clients count.
const FIRST: u32 = 60;
const LATER: u32 = 20;

/// The public keys that an unlinked client logs in with.
#[derive(Clone)]
pub(crate) struct Registration {
    /// The Signal registration number.
    pub(crate) number: u32,
    /// The Signal identity.
    pub(crate) identity: [u8; 32],
    /// The signed key.
    pub(crate) signed: SignedKey,
}

/// A scan whose answer is awaited.
pub(crate) struct Scan {
    /// The id of the request that was sent to the client.
    pub(crate) request: String,
    /// Digits of the phone that scanned.
    pub(crate) phone: String,
    /// The number of the new device.
    pub(crate) device: u16,
    /// Told how it went: the device, or why not.
    pub(crate) done: oneshot::Sender<Result<u16, String>>,
}

/// What changes about an offer.
#[derive(Default)]
pub(crate) struct Progress {
    /// The scan whose answer is awaited.
    pub(crate) scan: Option<Scan>,
    /// Secrets of codes that must not be used any more.
    pub(crate) retired: Vec<String>,
}

/// The codes of one connection.
pub(crate) struct Offer {
    /// The connection.
    pub(crate) socket: Arc<Socket>,
    /// The keys behind the codes.
    pub(crate) registration: Registration,
    references: Vec<String>,
    started: Instant,
    scale: f64,
    progress: Mutex<Progress>,
}

impl Offer {
    /// What changes about it.
    pub(crate) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a code with that reference can still be scanned.
    pub(crate) fn is_alive(&self, reference: &str) -> bool {
        self.references
            .iter()
            .zip(0_u32..)
            .any(|(one, place)| one == reference && self.started.elapsed() < self.life(place))
    }

    /// How long after the start the code in that place ends.
    fn life(&self, place: u32) -> Duration {
        Duration::from_secs(u64::from(FIRST + LATER * place)).mul_f64(self.scale)
    }
}

/// All codes that wait, by connection.
#[derive(Default)]
pub(crate) struct Offers {
    list: Mutex<HashMap<u64, Arc<Offer>>>,
}

impl Offers {
    /// The offer with that reference.
    pub(crate) fn find(&self, reference: &str) -> Option<Arc<Offer>> {
        let list = self.lock();
        list.values()
            .find(|offer| offer.references.iter().any(|one| one == reference))
            .cloned()
    }

    /// Numbers of the connections that offer codes now.
    pub(crate) fn sockets(&self) -> Vec<u64> {
        self.lock().keys().copied().collect()
    }

    /// The connection is over: nobody can scan its codes any more.
    pub(crate) fn withdraw(&self, socket: u64) {
        let Some(offer) = self.lock().remove(&socket) else {
            return;
        };
        if let Some(scan) = offer.progress().scan.take() {
            fail(scan, "the connection of the code ended");
        }
    }

    fn of(&self, socket: u64) -> Option<Arc<Offer>> {
        self.lock().get(&socket).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Offer>>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fail(scan: Scan, why: &str) {
    if scan.done.send(Err(why.to_owned())).is_err() {
        tracing::trace!("nobody waits for this scan any more");
    }
}

/// Offers codes to a client without a phone.
pub(crate) fn offer(
    world: &Arc<World>,
    socket: &Arc<Socket>,
    data: &DevicePairingRegistrationData,
) {
    let Some(registration) = read(data) else {
        let failure = NodeBuilder::new("failure").attr("reason", 400).build();
        return socket.say_and_close(failure, "400");
    };
    let references: Vec<String> = std::iter::repeat_with(reference).take(REFERENCES).collect();
    let children = references.iter().map(|one| leaf("ref", one.as_bytes()));
    let request = NodeBuilder::new("iq")
        .attr("from", SERVER_JID)
        .attr("type", "set")
        .attr("id", rand::random::<u32>())
        .attr("xmlns", "md")
        .children([NodeBuilder::new("pair-device").children(children).build()])
        .build();
    let offer = Arc::new(Offer {
        socket: Arc::clone(socket),
        registration,
        references,
        started: Instant::now(),
        scale: world.qr_scale,
        progress: Mutex::default(),
    });
    // Half a second more than the last code lives, so that a client which counts itself is first.
    let end = offer.life(5).saturating_add(Duration::from_millis(500));
    let mut note = Note::new(Happening::QrOffered, socket.number);
    note.phone = known_phone(world, socket, &offer.registration);
    world.log.note(&world.disk, note);
    world.offers.lock().insert(socket.number, offer);
    socket.send(request);
    let socket = Arc::clone(socket);
    tokio::spawn(async move {
        tokio::select! {
            () = socket.over().cancelled() => {}
            () = tokio::time::sleep(end) => socket.close("codes_used_up"),
        }
    });
}

/// The phone for which these keys were linked before, when a client lost only its login.
fn known_phone(world: &World, socket: &Socket, registration: &Registration) -> Option<String> {
    world.phones().into_iter().find_map(|phone| {
        let known = phone.read(|state| {
            state.companions.values().any(|companion| {
                companion.kept.noise == socket.client
                    || companion.kept.identity == registration.identity
            })
        });
        known.then(|| phone.phone.clone())
    })
}

/// A reference looks like `2@…`.
fn reference() -> String {
    let random: [u8; 48] = rand::random();
    format!("2@{}", STANDARD.encode(random))
}

fn read(data: &DevicePairingRegistrationData) -> Option<Registration> {
    Some(Registration {
        number: number(data.e_regid.as_deref()?)?,
        identity: data.e_ident.as_deref()?.try_into().ok()?,
        signed: SignedKey {
            id: number(data.e_skey_id.as_deref()?)?,
            public: data.e_skey_val.as_deref()?.try_into().ok()?,
            signature: data.e_skey_sig.clone()?,
        },
    })
}

/// A request or an answer of a client without a phone.
pub(crate) fn answer(world: &Arc<World>, socket: &Arc<Socket>, iq: &Node) {
    let Some(offer) = world.offers.of(socket.number) else {
        return;
    };
    let id = attr(iq, "id").unwrap_or_default();
    let scan = {
        let mut progress = offer.progress();
        match &progress.scan {
            Some(scan) if scan.request == id => progress.scan.take(),
            _ => None,
        }
    };
    let Some(scan) = scan else {
        if attr(iq, "type").is_some_and(|kind| kind == "get" || kind == "set") {
            socket.send(crate::stanza::result(iq).build());
        }
        return;
    };
    let signed = first_child(iq)
        .filter(|child| child.tag == "pair-device-sign")
        .and_then(|child| child.get_optional_child("device-identity"))
        .and_then(bytes);
    if let Some(identity) = signed {
        return finish(world, &offer, scan, identity.to_vec());
    }
    let why = first_child(iq)
        .and_then(|error| attr(error, "text"))
        .unwrap_or_default();
    fail(scan, &format!("the device refused the phone: {why}"));
}

/// The client signed: it is linked, and has to come again with its new address.
fn finish(world: &Arc<World>, offer: &Offer, scan: Scan, device_identity: Vec<u8>) {
    let socket = &offer.socket;
    let kept = KeptCompanion {
        device: scan.device,
        key_index: u32::from(scan.device),
        noise: socket.client,
        identity: offer.registration.identity,
        registration: offer.registration.number,
        signed: offer.registration.signed.clone(),
        device_identity,
        uploaded: false,
        key_shared: false,
        linked_at: jiff::Timestamp::now().to_string(),
    };
    let companion = Companion::new(Companion::owner(&scan.phone, scan.device), kept);
    let phone = scan.phone.clone();
    links::link(world, socket, &phone, companion, |effects| {
        effects.send(socket, stream_error(Some(515), None));
        effects.close(socket, "515");
        effects.then(move || {
            if scan.done.send(Ok(scan.device)).is_err() {
                tracing::trace!("nobody waits for this scan any more");
            }
        });
    });
}
