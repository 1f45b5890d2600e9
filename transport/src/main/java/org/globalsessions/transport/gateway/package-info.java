/**
 * The gateway by which remote clients, browsers above all, reach a service: WebSocket and HTTP long polling, as {@code GATEWAY.md} defines.
 */
package org.globalsessions.transport.gateway;
