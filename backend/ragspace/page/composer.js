/** The field for the question: Enter sends, Shift+Enter breaks the line. */

const MAX_CHARACTERS = 2000;
const TOLD_FROM = 1800;

export class Composer {
  #form = document.getElementById("composer");
  #field = document.getElementById("question");
  #limit = document.getElementById("limit");
  #send = document.getElementById("send");
  #stop = document.getElementById("stop");
  #busy = false;
  #onAsk;

  constructor({ onAsk, onStop }) {
    this.#onAsk = onAsk;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#field.addEventListener("input", () => this.#update());
    this.#field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    this.#stop.addEventListener("click", () => {
      this.#stop.disabled = true;
      onStop();
    });
    this.#update();
  }

  /** While an answer is written the next question can be typed, but not sent. */
  set busy(busy) {
    const hadFocus = document.activeElement === this.#stop || document.activeElement === this.#send;
    this.#busy = busy;
    this.#send.hidden = busy;
    this.#stop.hidden = !busy;
    this.#stop.disabled = false;
    if (hadFocus) this.focus();
    this.#update();
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  #submit() {
    if (this.#busy || !this.#sendable()) return;
    const question = this.#field.value.trim();
    this.#field.value = "";
    this.#update();
    this.#onAsk(question);
  }

  /** Characters as the server counts them: code points, without the blanks around. */
  #length() {
    return [...this.#field.value.trim()].length;
  }

  #sendable() {
    const length = this.#length();
    return length > 0 && length <= MAX_CHARACTERS;
  }

  #update() {
    const left = MAX_CHARACTERS - this.#length();
    this.#send.disabled = !this.#sendable();
    this.#limit.textContent = left <= MAX_CHARACTERS - TOLD_FROM ? `${left}` : "";
    this.#limit.title = left < 0 ? `${-left} characters too many` : `${left} characters left`;
    this.#limit.classList.toggle("over", left < 0);
    this.#field.setAttribute("aria-invalid", String(left < 0));
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight}px`;
  }
}
