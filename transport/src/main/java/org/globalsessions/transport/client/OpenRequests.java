package org.globalsessions.transport.client;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All that waits for an answer, oldest first. As all have one time-out, the oldest is also the first to be due. The link's lock
 * guards it.
 */
final class OpenRequests {
    private final Map<Long, Request<?>> byId = new LinkedHashMap<>();
    private final Map<Request.KeyBytes, Request.Question> byKey = new HashMap<>();
    private final int window;
    private final int windowBytes;
    private int changes;
    private long changeBytes;

    OpenRequests(int window, int windowBytes) {
        this.window = window;
        this.windowBytes = windowBytes;
    }

    Request.Question question(Request.KeyBytes key) {
        return byKey.get(key);
    }

    boolean hasRoomForQuestion() {
        return byKey.size() < window;
    }

    boolean hasRoom(int length) {
        return changes < window && (changes == 0 || changeBytes + length <= windowBytes);
    }

    boolean isEmpty() {
        return byId.isEmpty();
    }

    void add(Request<?> request) {
        byId.put(request.id, request);
        if (request instanceof Request.Question question) {
            byKey.put(question.key, question);
        } else if (request.takesRoom()) {
            changes++;
            changeBytes += request.length;
        }
    }

    /** How many there are. */
    int size() {
        return byId.size();
    }

    /** Takes one away. Null if it is not, or no longer, open. */
    Request<?> remove(long id) {
        Request<?> request = byId.remove(id);
        if (request != null) {
            forget(request);
        }
        return request;
    }

    private void forget(Request<?> request) {
        if (request instanceof Request.Question question) {
            byKey.remove(question.key, question);
        } else if (request.takesRoom()) {
            changes--;
            changeBytes -= request.length;
        }
    }

    /** Takes away what is due. */
    List<Request<?>> removeDue(long nowNs) {
        List<Request<?>> due = new ArrayList<>();
        Iterator<Request<?>> oldestFirst = byId.values().iterator();
        while (oldestFirst.hasNext()) {
            Request<?> request = oldestFirst.next();
            if (request.deadlineNs - nowNs > 0) {
                break;
            }
            oldestFirst.remove();
            forget(request);
            due.add(request);
        }
        return due;
    }

    List<Request<?>> removeAll() {
        List<Request<?>> all = new ArrayList<>(byId.values());
        byId.clear();
        byKey.clear();
        changes = 0;
        changeBytes = 0;
        return all;
    }

    Collection<Request<?>> all() {
        return byId.values();
    }

    /** Time until the oldest is due; the longest there is where nothing is open. */
    long firstDelayNs(long nowNs) {
        return byId.isEmpty()
                ? Long.MAX_VALUE
                : Math.max(0, byId.values().iterator().next().deadlineNs - nowNs);
    }
}
