// The page of the simulated network, by hand as a person uses it: phones that scan, write and read.
import { demo } from "./demo.mjs";
import { open } from "./chromium.mjs";

const WITHIN = { timeout: 30_000 };

/** Opens it in a window of its own. */
export async function openPhones(context) {
  const { page, errors } = await open(context, demo.sim_url);
  /** Takes a phone of the list into the hand. */
  const take = async (digits) => {
    const phone = page.getByTestId(`phone-${digits}`);
    if ((await phone.count()) === 0) await page.getByTestId(`pick-${digits}`).click(WITHIN);
    return phone;
  };
  return {
    page,
    errors,
    take,
    /** Pastes a code where the phone would point its camera. */
    async scan(digits, code) {
      const phone = await take(digits);
      await phone.getByTestId("tab-devices").click();
      await phone.getByTestId("code").fill(code);
      await phone.getByTestId("scan").click();
      await phone.getByTestId("scan-done").filter({ hasText: "is linked" }).waitFor(WITHIN);
    },
    /** Calls a number; answers the lines of what is heard and said. */
    async dial(digits, to) {
      const phone = await take(digits);
      await phone.getByTestId("tab-calls").click();
      await phone.getByTestId("dial-number").fill(to);
      await phone.getByTestId("dial-now").click();
      const heard = phone.getByTestId("line");
      await heard.filter({ hasText: "The call is in-progress" }).waitFor(WITHIN);
      return heard;
    },
    /** Opens the chat with a number that the phone has not written to yet. */
    async begin(digits, to) {
      const phone = await take(digits);
      await phone.getByTestId("new-chat").locator("input").fill(`+${to}`);
      await phone.getByTestId("new-chat").getByRole("button").click();
    },
    /** Writes in the open chat. */
    async write(digits, text) {
      const phone = await take(digits);
      await phone.getByTestId("message").fill(text);
      await phone.getByTestId("send").click();
    },
    /** The bubbles of the open chat that hold this text. */
    async bubbles(digits, text) {
      return (await take(digits)).getByTestId("bubble").filter({ hasText: text });
    },
    /** Goes back to the list of chats, so that nothing is read. */
    async leave(digits) {
      await (await take(digits)).getByRole("button", { name: "Back to the chats" }).click();
    },
    /** Opens a chat of the list, which reads it. */
    async read(digits, chat) {
      await (await take(digits)).getByTestId(`chat-${chat}`).click(WITHIN);
    },
  };
}
