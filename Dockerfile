FROM debian:12-slim
COPY . /opt/eximia-src
RUN EXIMIA_VENV=/opt/eximia sh /opt/eximia-src/scripts/setup server \
 && useradd --system --home-dir /var/lib/eximia --create-home --shell /usr/sbin/nologin eximia
USER eximia
ENV PATH=/opt/eximia/bin:$PATH
VOLUME /var/lib/eximia
EXPOSE 2525 2587
# The embedded default; give `-C FILE` for a configuration of your own. SIGTERM stops it gracefully.
ENTRYPOINT ["/opt/eximia/bin/eximia"]
CMD ["-bdf", "-q30m"]
