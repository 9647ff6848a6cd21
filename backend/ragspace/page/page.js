/** The chat page: one conversation, kept by the server and remembered by its id. */

import { AnswerView } from "./answer.js";
import { Answering } from "./answering.js";
import { ApiError, request, wait } from "./api.js";
import { Composer } from "./composer.js";
import { element } from "./dom.js";
import { failureBox } from "./failure.js";
import { HealthWatch, maySearchSample, notices, runsOn, stateOf } from "./health.js";
import { memory } from "./memory.js";
import { ask, resume } from "./stream.js";

const FIRST_QUESTIONS = [
  "Which secrets does the Space need?",
  "How do I run it without any account?",
  "What happens when Qdrant is unreachable?",
];
const NEAR_END_PX = 120;
const AWAKE_POLL_MS = 300;

const page = document.documentElement;
const thread = document.getElementById("thread");
const welcome = document.getElementById("welcome");
const newButton = document.getElementById("new");
const firstQuestions = document.getElementById("first-questions");

/** The answer that is being written, or null. */
let running = null;

const composer = new Composer({ onAsk: askQuestion, onStop: () => running?.stop() });

const health = new HealthWatch((report) => {
  const { status, text } = stateOf(report);
  document.getElementById("state").dataset.status = status;
  document.getElementById("state-text").textContent = text;
  document.getElementById("notices").replaceChildren(...notices(report));
  document.getElementById("runs-on").textContent = report ? runsOn(report) : "";
  firstQuestions.hidden = !(report && maySearchSample(report));
});

function askQuestion(question) {
  if (running) return;
  const view = addExchange(question);
  page.scrollTop = page.scrollHeight;
  send(question, view);
}

function addExchange(question) {
  const view = new AnswerView({ onQuestion: askQuestion, keepingInSight });
  const heading = element("h2", { class: "hidden" }, "Question");
  thread.append(element("div", { class: "question" }, heading, element("p", {}, question)), view.element);
  showWelcome(false);
  return view;
}

function send(question, view) {
  const body = { message: question, conversation_id: memory.id };
  follow(view, (signal) => askOnceAwake(body, view, signal), again(question, view));
}

async function* askOnceAwake(body, view, signal) {
  try {
    yield* ask(body, signal);
  } catch (error) {
    if (error.code !== "starting") throw error;
    view.waitFor("The assistant is waking up");
    await awake(signal);
    yield* ask(body, signal);
  }
}

async function awake(signal) {
  await health.refresh();
  while (health.starting) await wait(AWAKE_POLL_MS, signal);
}

function goOn(question, view) {
  const id = view.messageId;
  follow(view, (signal) => resume(id, signal), again(question, view));
}

function again(question, view) {
  return () => {
    if (running) return;
    view.restart();
    send(question, view);
  };
}

/** Shows the events of an answer until it ends, however it ends. `retry` asks the question again. */
async function follow(view, open, retry) {
  const answering = new Answering(view);
  running = answering;
  composer.busy = true;
  try {
    for await (const event of open(answering.signal)) {
      if (running !== answering) return;
      if (event.type === "error") {
        throw new ApiError({ code: event.code, message: event.message, retryAfter: event.retry_after, passing: true });
      }
      if (event.type === "metadata") memory.keep(event.conversation_id);
      keepingInSight(() => view.apply(event));
      answering.known();
    }
    if (!health.healthy) health.refresh();
  } catch (error) {
    if (running === answering) keepingInSight(() => showFailure(view, error, answering, retry));
  }
  if (running !== answering) return;
  running = null;
  composer.busy = false;
}

function showFailure(view, error, answering, retry) {
  if (answering.signal.aborted) {
    view.abandon();
    return;
  }
  health.refresh();
  if (!(error instanceof ApiError)) {
    view.fail({ message: "This answer could not be shown.", retry });
    reportError(error);
    return;
  }
  const { message, retryAfter, passing } = error;
  if (error.code === "connection_lost" && view.messageId) {
    // The server goes on without us: what is missing only needs to be fetched.
    const question = view.element.previousElementSibling.querySelector("p").textContent;
    view.fail({ message, retry: () => !running && goOn(question, view), label: "Reconnect" });
  } else {
    view.fail({ message, retryAfter, retry: passing ? retry : null });
  }
}

/** Runs `change`, and follows the end of the thread if that is where the reader was. */
function keepingInSight(change) {
  const wasAtEnd = page.scrollHeight - page.scrollTop - page.clientHeight < NEAR_END_PX;
  change();
  if (wasAtEnd) page.scrollTop = page.scrollHeight;
}

function showWelcome(shown) {
  welcome.hidden = !shown;
  newButton.hidden = shown;
}

function startAnew() {
  running?.leave();
  running = null;
  composer.busy = false;
  memory.forget();
  thread.replaceChildren();
  showWelcome(true);
  composer.focus();
}

/** The conversation that was left, as the server has it; an answer still being written goes on. */
async function restore() {
  if (!memory.id) {
    showWelcome(true);
    return;
  }
  try {
    const response = await request(`api/conversation/${encodeURIComponent(memory.id)}`);
    showStored((await response.json()).messages);
  } catch (error) {
    if (error.passing && health.starting) {
      await awake();
      await restore();
    } else if (error.passing) {
      const message = `The earlier conversation cannot be shown. ${error.message}`;
      const retry = () => (thread.replaceChildren(), restore());
      thread.append(failureBox({ message, retryAfter: error.retryAfter, retry }));
      newButton.hidden = false;
    } else {
      memory.forget();
      showWelcome(true);
    }
  }
}

function showStored(messages) {
  let question = "";
  for (const message of messages) {
    if (message.role === "user") {
      question = message.content;
      continue;
    }
    const view = addExchange(question);
    view.messageId = message.id;
    if (message.status === "running") goOn(question, view);
    else if (message.status === "failed") {
      view.fail({ message: "This question could not be answered.", retry: again(question, view) });
    } else view.finish({ ...message, finish_reason: message.status });
  }
  page.scrollTop = page.scrollHeight;
}

firstQuestions.append(
  ...FIRST_QUESTIONS.map((question) => {
    const attributes = { type: "button", class: "suggestion", onclick: () => askQuestion(question) };
    return element("li", {}, element("button", attributes, question));
  }),
);
newButton.addEventListener("click", startAnew);
addEventListener("online", () => health.refresh());
health.refresh();
restore();
// A page in a frame must not pull the page around it to itself, nor a phone open its keyboard unasked.
if (window.top === window && matchMedia("(pointer: fine)").matches) composer.focus();
