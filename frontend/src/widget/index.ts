/** Defines `<rag-chat>`, once however often it is loaded. */

import { RagChatElement } from "./element";

export { RagChatElement, type AnswerDetail } from "./element";

declare global {
  interface HTMLElementTagNameMap {
    "rag-chat": RagChatElement;
  }
}

if (!customElements.get("rag-chat")) customElements.define("rag-chat", RagChatElement);
