# Recoup in a container, as a user without rights:
#   docker build -t recoup .
#   docker run --rm -v "$PWD/runs:/runs" recoup compare -s taiwan-cards -p status-quo -p staged --out first
# /runs must be writable for user 10001 (or give --user "$(id -u)"). RECOUP_PSEUDONYM_KEY keeps the pseudonyms of several runs the same.
FROM python:3.11-slim
COPY . /src
RUN pip install --no-cache-dir -c /src/constraints.txt /src && rm -rf /src \
    && useradd --no-create-home --uid 10001 recoup && install -d -o recoup /runs /cache
ENV XDG_CACHE_HOME=/cache MPLCONFIGDIR=/cache/matplotlib
USER recoup
WORKDIR /runs
# Compiles once, into the image; the tiny comparison is also a check of it.
RUN recoup compare -p staged --accounts 20 --days 5 --seeds 1 --out /tmp/check >/dev/null && rm -rf /tmp/check
ENTRYPOINT ["recoup"]
CMD ["--help"]
