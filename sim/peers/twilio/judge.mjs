// Reads one question a line from standard input and answers each with one line of JSON.
//   {"validate": {"token", "signature", "url", "params"}} -> {"valid": true | false}
//   {"twiml": "menu" | "dial" | "voicemail" | "stream"} -> {"twiml": "<?xml ..."}, made by the library's builder
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

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  if (question.validate) {
    const { token, signature, url, params } = question.validate;
    console.log(JSON.stringify({ valid: twilio.validateRequest(token, signature, url, params) }));
  } else {
    const response = new twilio.twiml.VoiceResponse();
    build[question.twiml](question.url, response);
    console.log(JSON.stringify({ twiml: response.toString() }));
  }
}
