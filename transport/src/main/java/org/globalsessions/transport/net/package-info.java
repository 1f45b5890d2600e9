/** TCP and Unix sockets: event loops, listeners and connectors. The network library stays behind private fields here. */
package org.globalsessions.transport.net;
