/** The core without views: a conversation with the service, as state. */

export { createConversation, type ConversationOptions } from "./conversation";
export { Drafts } from "./drafts";
export { MAX_QUESTION_LENGTH, MAX_SELECTION_LENGTH } from "./selection";
export type {
  Answer,
  AnswerStatus,
  Conversation,
  ConversationState,
  Failure,
  ServiceState,
  Turn,
} from "./state";
