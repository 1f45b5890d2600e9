package org.globalsessions.client;

/** A gateway of this process, by which clients are reached. No method may block or throw. Any thread. */
public interface PushTarget {
    /**
     * Which gateway this is.
     *
     * @return its {@link GatewayClients#gateway}
     */
    long gateway();

    /**
     * A message for all clients of an address.
     *
     * @param address the address
     * @param method  what it is about
     * @param params  its parameters
     * @return to how many clients it goes
     */
    int push(ClientAddress address, String method, String params);

    /**
     * A message for all clients that serve a role.
     *
     * @param role   the role
     * @param method what it is about
     * @param params its parameters
     * @return to how many clients it goes
     */
    int broadcast(String role, String method, String params);

    /**
     * A client's binding, or its identifier, has changed, also one's that this gateway does not serve. Told before whoever changed it goes on: from then
     * on nothing that is sent to what the client was bound to before may reach it.
     *
     * @param asked what the client's session went by
     * @param now   what counts; null where the client is gone
     */
    void onChanged(String asked, ClientState now);
}
