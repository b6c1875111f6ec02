// Reads one question a line from standard input and answers each with one line of JSON.
//   {"validate": {"token", "signature", "url", "params"}} -> {"valid": true | false}
//   {"twiml": "menu" | "dial" | "voicemail" | "stream"} -> {"twiml": "<?xml ..."}, made by the library's builder
//   {"build": [[name, attributes, text or elements], ...]} -> {"twiml": "<?xml ...", "unknown": ["Say.tongue", ...]},
//     made by the builder from what it is told, and the attributes that the library's declarations do not have
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import twilio from "twilio";

const build = {
  menu(url, response) {
    const gather = response.gather({ numDigits: 1, action: `${url}/chosen?x=1&y=2`, timeout: 3, input: ["dtmf", "speech"], language: "he-IL" });
    gather.say({ language: "he-IL" }, "לחצו 1 & המתינו");
    gather.pause({ length: 1 });
    response.redirect({ method: "POST" }, `${url}/again`);
  },
  dial(url, response) {
    const dial = response.dial({ timeout: 20, answerOnBridge: true, action: `${url}/dialled` });
    dial.number({
      url: `${url}/whisper`, statusCallback: `${url}/leg`,
      statusCallbackEvent: ["initiated", "ringing", "answered", "completed"],
    }, "+15550003333");
  },
  voicemail(url, response) {
    response.say("Leave a message <after> the tone");
    response.record({
      maxLength: 60, timeout: 4, finishOnKey: "#", playBeep: true, action: `${url}/recorded`,
      recordingStatusCallback: `${url}/kept`, recordingStatusCallbackEvent: ["completed", "absent"],
    });
  },
  stream(url, response) {
    const stream = response.connect().stream({ url: `${url.replace("http", "ws")}/media` });
    stream.parameter({ name: "tok", value: "a\"b<c" });
    response.redirect({ method: "POST" }, `${url}/resume`);
  },
};

/** The attributes of each element, as the library declares them. */
function declared() {
  const file = createRequire(import.meta.url).resolve("twilio/lib/twiml/VoiceResponse.d.ts");
  const known = new Map();
  for (const [, name, body] of readFileSync(file, "utf8").matchAll(/interface (\w+)Attributes \{([^}]*)\}/g)) {
    const names = [...body.matchAll(/^\s+(\w+)\?:/gm)].map(([, each]) => each);
    known.set(name, new Set([...(known.get(name) ?? []), ...names]));
  }
  return known;
}

const known = declared();
const unknownOf = ([name, attributes, inside]) => [
  ...Object.keys(attributes).filter((each) => !known.get(name)?.has(each)).map((each) => `${name}.${each}`),
  ...(Array.isArray(inside) ? inside.flatMap(unknownOf) : []),
];

/** Calls the builder's methods, which have the names of the elements. */
function fill(parent, elements) {
  for (const [name, attributes, inside] of elements) {
    const method = name[0].toLowerCase() + name.slice(1);
    if (Array.isArray(inside)) fill(parent[method](attributes), inside);
    else parent[method](attributes, inside);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  if (question.validate) {
    const { token, signature, url, params } = question.validate;
    console.log(JSON.stringify({ valid: twilio.validateRequest(token, signature, url, params) }));
  } else if (question.build) {
    const response = new twilio.twiml.VoiceResponse();
    fill(response, question.build);
    console.log(JSON.stringify({ twiml: response.toString(), unknown: question.build.flatMap(unknownOf) }));
  } else {
    const response = new twilio.twiml.VoiceResponse();
    build[question.twiml](question.url, response);
    console.log(JSON.stringify({ twiml: response.toString() }));
  }
}
