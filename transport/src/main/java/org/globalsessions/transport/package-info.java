/**
 * Connections and frames between the tiers, as the other modules see them; no type of the network library appears here.
 */
package org.globalsessions.transport;
