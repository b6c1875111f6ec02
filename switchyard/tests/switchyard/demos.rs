//! Demos: beside a network that comes later, on a folder that is none, and a network's own folder.

use std::net::TcpListener;

use rustix::process::Signal;

use crate::outside::network::Network;
use crate::outside::place::Place;
use crate::outside::process::{Process, program, run};
use crate::outside::rows::change;
use crate::outside::{LONG, until};
use crate::story::{BUSINESS, link};

#[tokio::test]
async fn a_folder_that_is_no_demo_is_refused_before_its_numbers_are_dialled() {
    let mut place = Place::new(&[]);
    let (_process, network) = Network::start(place.folder(), &[]).await;
    place.pass(&["--sim", network.url()]);
    let mut demo = place.start().await;
    link(&demo).await;
    demo.process.signal(Signal::TERM);
    demo.process.wait(LONG);
    let rows = place.data().join("switchyard.db");
    let real = "update users set email = 'noa@shop.example'";
    assert_eq!(change(&rows, real).await, 1);
    let logins = network.log("login").await.len();
    for _ in 0..3 {
        let ended = run(place.command(&[]));
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains("not a demo"), "{}", ended.stderr);
    }
    assert_eq!(network.log("login").await.len(), logins, "it dialled");
}

#[tokio::test]
async fn a_demo_is_ready_before_its_network_is_there_and_finds_it_later() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let url = format!("http://{address}");
    let place = Place::new(&["--sim", &url]);
    let demo = place.start().await;
    let data = place.folder().join("network");
    let folder = data.to_str().unwrap();
    let command = program(&["sim", "--listen", &address, "--data-dir", folder]);
    let file = |name| place.folder().join(name);
    let _process = Process::start(command, &file("sim.stdout"), &file("sim.stderr"));
    let client = crate::outside::http().build().unwrap();
    until("the phones of the demo", || async {
        let phones = client.get(format!("{url}/phones")).send().await.ok()?;
        phones.text().await.ok()?.contains(BUSINESS).then_some(())
    })
    .await;
    link(&demo).await;
}

#[tokio::test]
async fn one_network_alone_keeps_its_phones_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (_process, _network) = Network::start(folder.path(), &[]).await;
    let data = folder.path().join("network");
    let data = data.to_str().unwrap();
    let ended = run(program(&[
        "sim",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        data,
    ]));
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
}

#[test]
fn a_simulated_network_is_on_this_machine_alone() {
    for url in [
        "foo",
        "ws://127.0.0.1:1",
        "https://127.0.0.1:1",
        "http://10.0.0.1:80",
    ] {
        let ended = run(program(&["up", "--demo", "--sim", url]));
        assert_eq!(ended.code, Some(2), "{url}: {}", ended.stderr);
    }
    let mut command = program(&["up"]);
    command.env("SWITCHYARD_WHATSAPP_URL", "wss://web.whatsapp.com/ws/chat");
    assert_eq!(run(command).code, Some(2));
}
