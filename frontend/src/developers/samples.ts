// The first message by the API, in three languages, with the ids of whoever reads it.

export const LANGUAGES = ["curl", "python", "javascript"] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Ids {
  /** Where this installation answers. */
  origin: string;
  /** The number to send from. */
  session: string;
}

const TO = "+972501234567";
const TEXT = "Hello from the API";

function curl({ origin, session }: Ids): string {
  return `export SWITCHYARD_API_KEY='sk_…'

curl -X POST '${origin}/v1/messages' \\
  -H "Authorization: Bearer $SWITCHYARD_API_KEY" \\
  -H "Idempotency-Key: $(uuidgen)" \\
  -H 'Content-Type: application/json' \\
  -d '{"session_id": "${session}", "to": "${TO}", "text": "${TEXT}"}'

curl -N '${origin}/v1/events/stream' \\
  -H "Authorization: Bearer $SWITCHYARD_API_KEY"
`;
}

function python({ origin, session }: Ids): string {
  return `import json, os, urllib.request, uuid

request = urllib.request.Request(
    "${origin}/v1/messages",
    data=json.dumps({
        "session_id": "${session}",
        "to": "${TO}",
        "text": "${TEXT}",
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
`;
}

function javascript({ origin, session }: Ids): string {
  return `const answer = await fetch("${origin}/v1/messages", {
  method: "POST",
  headers: {
    authorization: \`Bearer \${process.env.SWITCHYARD_API_KEY}\`,
    "idempotency-key": crypto.randomUUID(),
    "content-type": "application/json",
  },
  body: JSON.stringify({
    session_id: "${session}",
    to: "${TO}",
    text: "${TEXT}",
  }),
});
const message = await answer.json();
console.log(message.id ?? message.code, message.status);
`;
}

export const SAMPLES: Record<Language, (ids: Ids) => string> = { curl, python, javascript };
