// The camera: frame after frame while it is on; frames go to this machine's studio and nowhere else.
import { say, text } from "../striate.js";

/**
 * @param {HTMLButtonElement} button
 * @param {(frame: Blob) => Promise<void>} frame shown one at a time: the next is taken when it is done
 * @param {() => void} held when it is ended
 */
export function makeCamera(button, frame, held) {
  /** @type {MediaStream | null} */
  let stream = null;
  const stop = () => {
    if (!stream) return;
    for (const track of stream.getTracks()) track.stop();
    stream = null;
    button.setAttribute("aria-pressed", "false");
    button.textContent = text("try.camera");
    held();
  };
  async function start() {
    if (!navigator.mediaDevices?.getUserMedia) throw new Error("getUserMedia");
    const mine = (stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, facingMode: "environment" } }));
    say("");
    button.setAttribute("aria-pressed", "true");
    button.textContent = text("try.camera_hold");
    const video = Object.assign(document.createElement("video"), { srcObject: mine, muted: true, playsInline: true });
    await video.play();
    const side = Math.min(video.videoWidth, video.videoHeight);
    const canvas = new OffscreenCanvas(side, side);
    const pen = canvas.getContext("2d");
    mine.getVideoTracks()[0].addEventListener("ended", stop);
    while (stream === mine) {
      pen.drawImage(video, (video.videoWidth - side) / 2, (video.videoHeight - side) / 2, side, side, 0, 0, side, side);
      await frame(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 }));
      await new Promise((next) => setTimeout(next, 40));
    }
  }
  button.addEventListener("click", async () => {
    if (stream) return stop();
    try {
      await start();
    } catch (error) {
      stop();
      const refused = ["NotAllowedError", "SecurityError"].includes(error.name);
      say(refused ? text("try.camera_refused") : text("try.camera_none", { reason: error.message }), true);
    }
  });
  return { stop, get on() { return stream !== null; } };
}
