//! One public address for replicas that come and go, as behind a proxy.

use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::stage::Replica;

/// Passes every connection on to the replica of the moment; gone when the test ends.
pub(crate) struct Front {
    pub(crate) url: String,
    to: Arc<Mutex<String>>,
    task: JoinHandle<()>,
}

impl Front {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let to = Arc::new(Mutex::new(String::new()));
        let task = tokio::spawn(pass_on(listener, Arc::clone(&to)));
        Self { url, to, task }
    }

    /// New connections go there.
    pub(crate) fn leads_to(&self, replica: &Replica) {
        let address = replica.url.strip_prefix("http://").unwrap();
        address.clone_into(&mut self.to.lock().unwrap());
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(listener: TcpListener, to: Arc<Mutex<String>>) {
    while let Ok((mut from, _)) = listener.accept().await {
        let address = to.lock().unwrap().clone();
        tokio::spawn(async move {
            // Nobody is there: the connection is closed.
            if let Ok(mut to) = TcpStream::connect(address).await {
                tokio::io::copy_bidirectional(&mut from, &mut to).await.ok();
            }
        });
    }
}
