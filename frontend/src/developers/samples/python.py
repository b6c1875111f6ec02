import json, os, urllib.request, uuid

request = urllib.request.Request(
    "https://wa.example.com/v1/messages",
    data=json.dumps({
        "session_id": "ses_…",
        "to": "+972501234567",
        "text": "Hello from the API",
    }).encode(),
    headers={
        "Authorization": "Bearer " + os.environ["SWITCHYARD_API_KEY"],
        "Idempotency-Key": str(uuid.uuid4()),
        "Content-Type": "application/json",
    },
)
with urllib.request.urlopen(request) as answer:
    message = json.load(answer)
print(message["id"], message["status"])
