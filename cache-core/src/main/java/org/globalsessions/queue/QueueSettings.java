package org.globalsessions.queue;

import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import org.globalsessions.Acknowledgement;
import org.globalsessions.config.NodeConfig;

/**
 * How an owner's queues behave. Immutable: each method returns new settings. All processes of a path should have the same.
 *
 * <pre>{@code new OwnerDirectory(cache, QueueSettings.DEFAULTS.maxMessages(20).maxSessions(10))}</pre>
 */
public final class QueueSettings {
    /** 100 messages a name, 32 KiB of messages, 100 names, 30 s, 1 day; the relay decides where there is one, else this host. */
    public static final QueueSettings DEFAULTS =
            new QueueSettings(100, 32 << 10, 100, Duration.ofSeconds(30), Duration.ofDays(1), null);

    private static final int MAX_COUNT = 10_000;
    private static final int MAX_BYTES = 16 << 20;
    private static final Duration LONGEST_PULL = Duration.ofHours(1);

    private final int maxMessages;
    private final int maxBytes;
    private final int maxSessions;
    private final Duration backchannelTimeout;
    private final Duration queueIdle;
    private final Acknowledgement acknowledgement;

    private QueueSettings(
            int maxMessages,
            int maxBytes,
            int maxSessions,
            Duration backchannelTimeout,
            Duration queueIdle,
            Acknowledgement acknowledgement) {
        this.maxMessages = maxMessages;
        this.maxBytes = maxBytes;
        this.maxSessions = maxSessions;
        this.backchannelTimeout = backchannelTimeout;
        this.queueIdle = queueIdle;
        this.acknowledgement = acknowledgement;
    }

    /**
     * The settings of a client's configuration: of its {@code queues} section, and else the defaults.
     *
     * @param config a client's
     * @return its settings
     */
    public static QueueSettings from(NodeConfig config) {
        QueueSettings settings = DEFAULTS.maxMessages((int) config.number("queues.max_messages"))
                .maxBytes((int) config.number("queues.max_message_bytes"))
                .maxSessions((int) config.number("queues.max_sessions"))
                .backchannelTimeout(config.duration("queues.backchannel_timeout"))
                .queueIdle(config.duration("queues.queue_idle"));
        return config.has("queues.acknowledgement")
                ? settings.acknowledgement(Acknowledgement.valueOf(
                        config.text("queues.acknowledgement").toUpperCase(Locale.ROOT)))
                : settings;
    }

    /**
     * How many messages wait at most under a name without a limit of its own ({@code max_messages}): the oldest is dropped, and counted.
     *
     * @param value 1 to 10,000
     * @return settings with it
     */
    public QueueSettings maxMessages(int value) {
        return new QueueSettings(
                inRange("max_messages", value), maxBytes, maxSessions, backchannelTimeout, queueIdle, acknowledgement);
    }

    /**
     * How many bytes the messages take at most that wait for an owner ({@code max_message_bytes}), under all names together, 12 with each: the oldest of the queue that
     * takes most is dropped, and counted. Default 32 KiB; well below {@code max_value_size}, as all else of the owner is in the same entry.
     *
     * @param value from 16 KiB, one message, to 16 MiB
     * @return settings with it
     */
    public QueueSettings maxBytes(int value) {
        if (value < OwnerTransaction.MAX_MESSAGE_BYTES || value > MAX_BYTES) {
            throw new IllegalArgumentException("max_message_bytes is out of range: max_message_bytes=" + value
                    + ", limit=" + OwnerTransaction.MAX_MESSAGE_BYTES + " to " + MAX_BYTES);
        }
        return new QueueSettings(maxMessages, value, maxSessions, backchannelTimeout, queueIdle, acknowledgement);
    }

    /**
     * How many names an owner should have at most ({@code max_sessions}). A target: see {@link OwnerTransaction#use}.
     *
     * @param value 1 to 10,000
     * @return settings with it
     */
    public QueueSettings maxSessions(int value) {
        return new QueueSettings(
                maxMessages, maxBytes, inRange("max_sessions", value), backchannelTimeout, queueIdle, acknowledgement);
    }

    /**
     * How long a pull waits for a message ({@code backchannel_timeout}).
     *
     * @param value 1 ms to 1 h
     * @return settings with it
     */
    public QueueSettings backchannelTimeout(Duration value) {
        if (value.toMillis() < 1 || value.compareTo(LONGEST_PULL) > 0) {
            throw new IllegalArgumentException(
                    "backchannel_timeout is out of range: backchannel_timeout=" + value + ", limit=1 ms to 1 h");
        }
        return new QueueSettings(maxMessages, maxBytes, maxSessions, value, queueIdle, acknowledgement);
    }

    /**
     * After how long without use a name goes under which nothing is kept ({@code queue_idle}): no message, no memento, no begun session and no limit of
     * its own.
     *
     * @param value from 1 s, and not below {@link #backchannelTimeout}, which {@link OwnerDirectory} refuses
     * @return settings with it
     */
    public QueueSettings queueIdle(Duration value) {
        if (value.toMillis() < 1_000) {
            throw new IllegalArgumentException("queue_idle is out of range: queue_idle=" + value + ", limit=from 1 s");
        }
        return new QueueSettings(maxMessages, maxBytes, maxSessions, backchannelTimeout, value, acknowledgement);
    }

    /**
     * How far a transaction has to have gone before it counts. {@code LOCAL} is for owners that one host alone serves.
     *
     * @param value {@code LOCAL}, {@code RELAY} or {@code RELIEF}
     * @return settings with it
     */
    public QueueSettings acknowledgement(Acknowledgement value) {
        Objects.requireNonNull(value, "acknowledgement");
        if (value == Acknowledgement.EVERYWHERE) {
            throw new IllegalArgumentException("acknowledgement is one of deletes: " + value);
        }
        return new QueueSettings(maxMessages, maxBytes, maxSessions, backchannelTimeout, queueIdle, value);
    }

    /** Refuses what goes together only wrongly. */
    void check() {
        if (queueIdle.compareTo(backchannelTimeout) < 0) {
            throw new IllegalArgumentException(
                    "queue_idle is below backchannel_timeout, so that a name would go while somebody pulls:"
                            + " queue_idle=" + queueIdle + ", backchannel_timeout=" + backchannelTimeout);
        }
    }

    private static int inRange(String name, int value) {
        if (value < 1 || value > MAX_COUNT) {
            throw new IllegalArgumentException(
                    name + " is out of range: " + name + "=" + value + ", limit=1 to " + MAX_COUNT);
        }
        return value;
    }

    int maxMessages() {
        return maxMessages;
    }

    int maxBytes() {
        return maxBytes;
    }

    int maxSessions() {
        return maxSessions;
    }

    Duration backchannelTimeout() {
        return backchannelTimeout;
    }

    Duration queueIdle() {
        return queueIdle;
    }

    /** Null where it depends on whether there is a relay. */
    Acknowledgement acknowledgement() {
        return acknowledgement;
    }
}
