//! The phone's side of linking: it reads a code and vouches for the device behind it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use buffa::Message as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::sync::oneshot;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::whatsapp::{
    ADVDeviceIdentity, ADVSignedDeviceIdentity, ADVSignedDeviceIdentityHMAC, ClientPairingProps,
};

use crate::faults::Kind;
use crate::login::from_server;
use crate::pairing::{Offer, Scan};
use crate::phone::SharedPhone;
use crate::stanza::{leaf, now_seconds};
use crate::world::World;

/// What stands before a device's identity when a phone signs it.
const ACCOUNT_PREFIX: [u8; 2] = [6, 0];

/// The answer to a scan, later: the number of the new device, or why it failed.
pub(crate) type Answer = oneshot::Receiver<Result<u16, String>>;

/// What a code says.
struct Code<'a> {
    reference: &'a str,
    noise: Vec<u8>,
    identity: Vec<u8>,
    secret: &'a str,
}

/// Reads the text of a code; also the form with a link before it.
fn parse(text: &str) -> Option<Code<'_>> {
    let text = text.trim();
    let text = text.rsplit_once('#').map_or(text, |(_, code)| code);
    let mut parts = text.split(',');
    Some(Code {
        reference: parts.next()?,
        noise: STANDARD.decode(parts.next()?).ok()?,
        identity: STANDARD.decode(parts.next()?).ok()?,
        secret: parts.next()?,
    })
}

/// The phone scans the code. Fails with a sentence when WhatsApp would not link; else the answer
/// comes when the device has signed.
pub(crate) fn scan(
    world: &Arc<World>,
    phone: &SharedPhone,
    text: &str,
) -> Result<Answer, &'static str> {
    let code = parse(text).ok_or("this is not a code of WhatsApp")?;
    let offer = world
        .offers
        .find(code.reference)
        .ok_or("nobody offers this code any more")?;
    if !offer.is_alive(code.reference) {
        return Err("this code has expired");
    }
    if code.noise != offer.socket.client || code.identity != offer.registration.identity {
        return Err("this code does not belong to its connection");
    }
    let secret = STANDARD
        .decode(code.secret)
        .map_err(|_invalid| "this is not a code of WhatsApp")?;
    if offer
        .progress()
        .retired
        .iter()
        .any(|retired| retired == code.secret)
    {
        return Err("could not link the device: this code was replaced");
    }
    interfere(world, phone, &offer, code.secret)?;
    let device = phone.with(&world.disk, |state, effects| {
        let device = state.next_device;
        state.next_device = device.saturating_add(1);
        effects.rows.push(state.row());
        device
    });
    let vouched = vouch(phone, &offer, &secret, device)
        .map_err(|_invalid| "the phone could not sign for the device")?;
    let (done, answer) = oneshot::channel();
    let request = rand::random::<u32>().to_string();
    let success = pair_success(phone, device, &request, vouched);
    let scan = Scan {
        request,
        phone: phone.phone.clone(),
        device,
        done,
    };
    offer.progress().scan = Some(scan);
    offer.socket.send(success);
    Ok(answer)
}

/// Faults of scanning.
fn interfere(
    world: &World,
    phone: &SharedPhone,
    offer: &Offer,
    secret: &str,
) -> Result<(), &'static str> {
    let notify = |kind: &'static str, child: Node| {
        let node = from_server("notification")
            .attr("id", rand::random::<u32>())
            .attr("type", kind)
            .attr("t", now_seconds())
            .children([child])
            .build();
        offer.socket.send(node);
    };
    let mut progress = offer.progress();
    if progress.retired.is_empty()
        && let Some(fault) = world.faults.hit(Kind::RefreshQr, Some(&phone.phone), None)
    {
        progress.retired.push(secret.to_owned());
        // WhatsApp was seen to use either name; code 2 asks for the second one.
        let tag = match fault.code {
            Some(2) => "pair-device-rotate-qr",
            _ => "companion_reg_refresh",
        };
        notify("companion_reg_refresh", NodeBuilder::new(tag).build());
        return Err("could not link the device: WhatsApp asks for a new code");
    }
    if world
        .faults
        .hit(Kind::PasskeyRequest, Some(&phone.phone), None)
        .is_some()
    {
        let options = serde_json::json!({
            "challenge": STANDARD.encode(rand::random::<[u8; 32]>()),
            "rpId": "whatsapp.com",
            "userVerification": "required",
            "allowCredentials": [],
        });
        let child = leaf("passkey_request_options", options.to_string());
        notify("passkey_prologue_request", child);
        return Err("could not link the device: WhatsApp asks for a passkey");
    }
    Ok(())
}

/// The phone's signature for the device, sealed with the secret of the code.
fn vouch(
    phone: &SharedPhone,
    offer: &Offer,
    secret: &[u8],
    device: u16,
) -> anyhow::Result<Vec<u8>> {
    phone.read(|state| {
        let details = ADVDeviceIdentity {
            raw_id: Some(state.raw_id),
            timestamp: Some(now_seconds()),
            key_index: Some(u32::from(device)),
            ..Default::default()
        }
        .encode_to_vec();
        let identity = offer.registration.identity.as_slice();
        let signed = [ACCOUNT_PREFIX.as_slice(), &details, identity].concat();
        let details = ADVSignedDeviceIdentity {
            account_signature: Some(state.person.sign(&signed)?),
            account_signature_key: Some(state.person.identity().to_vec()),
            details: Some(details),
            ..Default::default()
        }
        .encode_to_vec();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret)?;
        mac.update(&details);
        Ok(ADVSignedDeviceIdentityHMAC {
            hmac: Some(mac.finalize().into_bytes().to_vec()),
            details: Some(details),
            ..Default::default()
        }
        .encode_to_vec())
    })
}

fn pair_success(phone: &SharedPhone, device: u16, request: &str, vouched: Vec<u8>) -> Node {
    let (names, name) = phone.read(|state| (state.names(), state.name.clone()));
    let props = ClientPairingProps {
        is_chat_db_lid_migrated: Some(true),
        ..Default::default()
    };
    let success = NodeBuilder::new("pair-success").children([
        leaf("device-identity", vouched),
        NodeBuilder::new("device")
            .attr("jid", names.pn(device))
            .attr("lid", names.lid(device))
            .build(),
        NodeBuilder::new("biz").attr("name", name).build(),
        NodeBuilder::new("platform").attr("name", "smba").build(),
        leaf("client-props", props.encode_to_vec()),
    ]);
    from_server("iq")
        .attr("type", "set")
        .attr("id", request)
        .attr("xmlns", "md")
        .children([success.build()])
        .build()
}
