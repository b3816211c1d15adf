import { mostFrameBytes } from '../../workers/contract/wire.ts';

/** What all parts together hold at most. */
const mostHeldBytes = 1_048_576;

/** The frame that is being filled: its records and, beside them, its texts. */
export const frameBufferBytes = 2 * mostFrameBytes;
/** Texts as frames have them. */
export const arenaBytes = 131_072;
/** Texts as they were given and the maps that they are looked up in, by estimate. */
export const mostLabelBytes = 327_680;
/** Events of sockets whose acknowledgement is still to come, and the estimate for one of them. */
export const mostWaitingCalls = 400;
const waitingCallBytes = 400;
/** Frames that wait for the agent. */
export const mostWaitingBytes =
  mostHeldBytes - frameBufferBytes - arenaBytes - mostLabelBytes - mostWaitingCalls * waitingCallBytes;
