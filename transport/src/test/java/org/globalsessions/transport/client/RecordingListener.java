package org.globalsessions.transport.client;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.SessionEntry;
import org.globalsessions.tier.TierListener;

/** Keeps what it is told, in order. */
public final class RecordingListener implements TierListener {
    final List<String> events = new CopyOnWriteArrayList<>();
    volatile Duration lastMaxStale;

    @Override
    public void onConnected(long epoch, long position, Duration maxStale, Duration age, long clockMicros) {
        events.add("connected " + epoch + " " + position);
        lastMaxStale = maxStale;
    }

    @Override
    public void onMustConfirm() {
        events.add("must confirm");
    }

    @Override
    public int onOriginRefused(int origin) {
        events.add("origin refused " + origin);
        return origin + 1;
    }

    @Override
    public void onDisconnected() {
        events.add("disconnected");
    }

    @Override
    public void onAnnounced(SessionEntry entry, long epoch, long position) {
        events.add("session " + position);
    }

    @Override
    public void onInvalidated(KeyDigest digest, Version version, long epoch, long position) {
        events.add("invalidated " + position + " " + version);
    }

    @Override
    public void onDeleted(KeyDigest digest, Version tombstone, long epoch, long position) {
        events.add("delete " + position + " " + tombstone);
    }
}
