package org.globalsessions.relief;

import java.time.Duration;
import org.globalsessions.relief.extension.ReliefExtension;
import org.globalsessions.relief.extension.SessionValidator;
import org.globalsessions.segment.SharedLru;
import org.globalsessions.transport.Scheduler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What runs of an application's extension at a node, from the node's start to its end. */
final class NodeExtension implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeExtension.class);

    private static final Duration CLOSE_WAIT = Duration.ofMillis(500);

    private final ReliefExtension extension;
    private final ExtensionEvents events;
    private final ExtensionCommands commands;

    /** Null without one. */
    private final ExtensionGateway gateway;

    /**
     * Begins to run the extension; {@link #events} is to be told of what leaves the segment for age or space, which is the node's to arrange.
     *
     * @param segment   the node's segment
     * @param loops     the node's event loop
     * @param extension the application's
     * @throws IllegalArgumentException where it has a command of a name that nobody can give
     */
    NodeExtension(SharedLru segment, Scheduler loops, ReliefExtension extension) {
        this.extension = extension;
        this.commands = new ExtensionCommands(segment, loops, extension.commands());
        SessionValidator validator = extension.validator();
        this.gateway = validator == null ? null : new ExtensionGateway(segment, loops, validator);
        this.events = new ExtensionEvents(segment, extension);
    }

    ExtensionEvents events() {
        return events;
    }

    ExtensionCommands commands() {
        return commands;
    }

    /** The gateway to another system, or null. */
    ExtensionGateway gateway() {
        return gateway;
    }

    /** Ends its threads, and the extension itself, for which it waits no longer than half a second. */
    @Override
    public void close() {
        events.close();
        commands.close();
        if (gateway != null) {
            gateway.close();
        }
        Thread closing = new Thread(this::closeExtension, "relief-extension-close");
        closing.setDaemon(true);
        closing.start();
        try {
            closing.join(CLOSE_WAIT.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (closing.isAlive()) {
            LOG.warn("the extension takes long to end, and is left alone");
        }
    }

    private void closeExtension() {
        try {
            extension.close();
        } catch (Throwable e) {
            // By its class alone: the message is the application's.
            LOG.warn("the extension has not ended well: {}", e.getClass().getName());
        }
    }
}
