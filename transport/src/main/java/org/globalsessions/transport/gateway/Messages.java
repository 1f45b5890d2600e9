package org.globalsessions.transport.gateway;

import org.globalsessions.client.ClientDirectory;

/** What gateway and client say to each other, as text: a word, then what belongs to it, with one blank in between. See {@code GATEWAY.md}. */
final class Messages {
    static final String HELLO = "hello";
    static final String PING = "ping";
    static final String PONG = "pong";
    static final String BYE = "bye";
    static final String ASK = "ask";
    static final String GONE = "gone";

    /** Errors that the gateway itself gives; the application's are 1 or more. */
    static final int FAILED = -1;

    static final int TOO_MANY = -2;
    static final int UNAVAILABLE = -3;
    static final int MALFORMED = -4;

    private Messages() {}

    /** A request of a client: {@code ask NUMBER METHOD PARAMS}. */
    record Ask(long number, String method, String params) {
        @Override
        public String toString() {
            return "Ask[number=" + number + ", method=" + method + "]";
        }
    }

    static String wordOf(String message) {
        int end = message.indexOf(' ');
        return end < 0 ? message : message.substring(0, end);
    }

    static String restOf(String message) {
        int end = message.indexOf(' ');
        return end < 0 ? "" : message.substring(end + 1);
    }

    /** What a request asks; null where it is none. */
    static Ask parseAsk(String message) {
        String rest = restOf(message);
        String number = wordOf(rest);
        String more = restOf(rest);
        String method = wordOf(more);
        if (number.isEmpty() || number.length() > 15 || !number.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return null;
        }
        return ClientDirectory.isMethod(method) ? new Ask(Long.parseLong(number), method, restOf(more)) : null;
    }

    static String welcome(String identifier) {
        return "welcome " + identifier;
    }

    static String renamed(String identifier) {
        return "renamed " + identifier;
    }

    static String denied(String why) {
        return "denied " + why;
    }

    static String answer(long number, String text) {
        return "answer " + number + " " + text;
    }

    static String error(long number, int code, String text) {
        return "error " + number + " " + code + " " + text;
    }

    static String push(String method, String params) {
        return "push " + method + " " + params;
    }
}
