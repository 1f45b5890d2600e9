/** TLS 1.3: keys and certificates from PEM files, the implementations to choose from, who is trusted. */
package org.globalsessions.transport.tls;
