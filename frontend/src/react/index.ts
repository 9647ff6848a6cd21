/** `<RagChat>`: the element as a React component, for React 18 and newer, also where pages are rendered on a server. */

import {
  createElement,
  forwardRef,
  useEffect,
  useImperativeHandle,
  useRef,
  type CSSProperties,
  type RefObject,
} from "react";

import type { AnswerDetail, RagChatElement } from "../widget/element";

export type { AnswerDetail, RagChatElement };

export interface RagChatProps {
  /** The address of the service, such as `https://owner-space.hf.space`. */
  readonly api: string;
  readonly mode?: "button" | "inline" | undefined;
  /** By default the page's language. */
  readonly lang?: string | undefined;
  readonly theme?: "auto" | "light" | "dark" | undefined;
  readonly heading?: string | undefined;
  readonly placeholder?: string | undefined;
  /** First questions to choose from. */
  readonly suggestions?: readonly string[] | undefined;
  /** False: text that the reader selects offers nothing. */
  readonly selection?: boolean | undefined;
  /** Where source links lead when the service names no address of its own. */
  readonly docsBase?: string | undefined;
  readonly className?: string | undefined;
  /** The theme's custom properties too: `{ "--rag-chat-accent": "#0a7" }`. */
  readonly style?: (CSSProperties & Readonly<Record<`--${string}`, string>>) | undefined;
  readonly onOpen?: (() => void) | undefined;
  readonly onClose?: (() => void) | undefined;
  /** Told of every answer that ended, well or not. */
  readonly onAnswer?: ((answer: AnswerDetail) => void) | undefined;
}

/**
 * The chat. Its code is loaded when it is first mounted: neither the server's rendering nor the site's first paint waits
 * for it. A `ref` is the element, for its methods.
 */
export const RagChat = forwardRef<RagChatElement, RagChatProps>(function RagChat(props, outer) {
  const element = useRef<RagChatElement>(null);
  useImperativeHandle<RagChatElement | null, RagChatElement | null>(outer, () => element.current, []);

  useEffect(() => {
    void import("../index");
  }, []);
  useEvent(element, "rag-chat-open", () => props.onOpen?.());
  useEvent(element, "rag-chat-close", () => props.onClose?.());
  useEvent(element, "rag-chat-answer", (event) =>
    props.onAnswer?.((event as CustomEvent<AnswerDetail>).detail),
  );
  useAttributes(element, {
    lang: props.lang,
    suggestions: props.suggestions?.join("|"),
  });

  return createElement("rag-chat", {
    ref: element,
    api: props.api,
    mode: props.mode,
    theme: props.theme,
    heading: props.heading,
    placeholder: props.placeholder,
    selection: props.selection === false ? "off" : undefined,
    "docs-base": props.docsBase,
    // React 18 writes `className` of an element that it does not know as it stands.
    class: props.className,
    style: props.style,
  });
});

/** Listens for as long as the component is mounted; `handle` is that of its last rendering. */
function useEvent(
  element: RefObject<HTMLElement | null>,
  type: string,
  handle: (event: Event) => void,
): void {
  const last = useRef(handle);
  useEffect(() => {
    last.current = handle;
  });
  useEffect(() => {
    const target = element.current;
    const listener = (event: Event): void => last.current(event);
    target?.addEventListener(type, listener);
    return () => target?.removeEventListener(type, listener);
  }, [element, type]);
}

/** Attributes whose names are also properties of the element: React 19 would set those, which mean something else. */
function useAttributes(
  element: RefObject<HTMLElement | null>,
  attributes: Record<string, string | undefined>,
): void {
  useEffect(() => {
    for (const [name, value] of Object.entries(attributes)) {
      if (value === undefined) element.current?.removeAttribute(name);
      else if (element.current?.getAttribute(name) !== value) element.current?.setAttribute(name, value);
    }
  });
}
