/** What `widget.js` and the module offer: importing it defines `<rag-chat>`. */

export type * from "./api/types";
export type * from "./conversation";
export { RagChatElement, type AnswerDetail } from "./widget";
