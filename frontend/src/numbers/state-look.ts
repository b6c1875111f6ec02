// How each state looks, and what can be done in it.
import {
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleOff,
  CircleSlash2,
  CopyX,
  type LucideIcon,
  LoaderCircle,
  QrCode,
  ShieldAlert,
  Shuffle,
} from "lucide-react";
import type { SessionState } from "@/api/objects";

const OK = "bg-ok-soft text-ok";
const CALM = "bg-sunken text-soft";
const BUSY = "bg-accent-soft text-accent";
const WARN = "bg-attention-soft text-attention";
const BAD = "bg-danger-soft text-danger";

interface Look {
  icon: LucideIcon;
  tone: string;
  attention: boolean;
  /** Whether a new connect makes sense. */
  canConnect: boolean;
  /** Whether there is something to disconnect. */
  isUp: boolean;
}

const look = (icon: LucideIcon, tone: string, more: Partial<Look> = {}): Look => ({
  icon,
  tone,
  attention: false,
  canConnect: false,
  isUp: false,
  ...more,
});

const LOOKS: Record<SessionState, Look> = {
  created: look(CircleDashed, CALM, { canConnect: true }),
  connecting: look(LoaderCircle, BUSY, { isUp: true }),
  awaiting_scan: look(QrCode, BUSY, { isUp: true }),
  awaiting_passkey: look(ShieldAlert, WARN, { attention: true, isUp: true }),
  syncing: look(LoaderCircle, BUSY, { isUp: true }),
  connected: look(CircleCheck, OK, { isUp: true }),
  moving: look(Shuffle, BUSY, { isUp: true }),
  restricted: look(ShieldAlert, WARN, { attention: true, isUp: true }),
  disconnected: look(CircleOff, CALM, { canConnect: true }),
  logged_out: look(CircleSlash2, WARN, { attention: true, canConnect: true }),
  replaced: look(CopyX, WARN, { attention: true, canConnect: true }),
  failed: look(CircleAlert, BAD, { attention: true, canConnect: true }),
};

export function lookOf(state: SessionState): Look {
  return LOOKS[state];
}

/** Whether a person must do something. */
export function needsAttention(state: SessionState): boolean {
  return LOOKS[state].attention;
}

/** Whether the state is on its way by itself. */
export function isLinking(state: SessionState): boolean {
  return state === "connecting" || state === "awaiting_scan" || state === "awaiting_passkey" || state === "syncing";
}
