import { useMemo } from "react";
import { useSettings } from "../app/settings";
import {
  type Language,
  type MessageArguments,
  type MessageKey,
  type ValueGroup,
  translate,
  translateValue,
} from "./messages";

export interface Text {
  readonly language: Language;
  /** The text of a key. */
  readonly t: <Key extends MessageKey>(key: Key, ...values: MessageArguments<Key>) => string;
  /** What a value of the API is called. */
  readonly value: (group: ValueGroup, value: string) => string;
}

/** The texts in the language that is chosen now. */
export function useText(): Text {
  const { language } = useSettings();
  return useMemo(
    () => ({
      language,
      t: (key, ...values) => translate(language, key, ...values),
      value: (group, value) => translateValue(language, group, value),
    }),
    [language],
  );
}
