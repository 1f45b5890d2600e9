package org.globalsessions.relay;

import java.util.LinkedHashSet;
import java.util.Set;
import org.globalsessions.tier.PushMessage;
import org.globalsessions.tier.PushReach;
import org.globalsessions.transport.frame.NotifiedFrame;
import org.globalsessions.transport.frame.NotifyFrame;
import org.globalsessions.transport.frame.PushFrame;

/**
 * Passes messages to remote clients on to the processes that serve such, in the order in which each of their senders has sent them. Which of its clients a message
 * is for, each of these processes knows. On the relay's event loop alone.
 */
final class Pushes {
    private final ClientInquiry clients;
    private final Set<ClientEndPoint> attending = new LinkedHashSet<>();

    /**
     * Nobody wants any.
     *
     * @param clients tells whether there is anybody whom a message is for
     */
    Pushes(ClientInquiry clients) {
        this.clients = clients;
    }

    /** A process wants messages, or no more. */
    void attend(ClientEndPoint endPoint, boolean wanted) {
        if (wanted) {
            attending.add(endPoint);
        } else {
            attending.remove(endPoint);
        }
    }

    /** A process sends a message: not back to itself. One that does not take what it is sent is disconnected, as always. */
    void onNotify(ClientEndPoint sender, NotifyFrame frame) {
        PushFrame push = new PushFrame(frame.message());
        int processes = 0;
        for (ClientEndPoint endPoint : Set.copyOf(attending)) {
            if (endPoint != sender && endPoint.send(push)) {
                processes++;
            }
        }
        PushMessage message = frame.message();
        int known = message.toRole() ? PushReach.UNKNOWN : clients.countAt(message.to());
        sender.send(new NotifiedFrame(frame.correlationId(), new PushReach(processes, known)));
    }

    /** A process is gone. */
    void onClose(ClientEndPoint endPoint) {
        attending.remove(endPoint);
    }
}
