const answer = await fetch("https://wa.example.com/v1/messages", {
  method: "POST",
  headers: {
    authorization: `Bearer ${process.env.SWITCHYARD_API_KEY}`,
    "idempotency-key": crypto.randomUUID(),
    "content-type": "application/json",
  },
  body: JSON.stringify({
    session_id: "ses_…",
    to: "+972501234567",
    text: "Hello from the API",
  }),
});
const message = await answer.json();
console.log(message.id ?? message.code, message.status);
