document.getElementById("remote").submit();
